console.log(`the password has ${process.env.DB_PASSWORD.length} characters`);
