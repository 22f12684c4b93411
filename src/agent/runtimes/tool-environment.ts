/** Nothing of the server's own environment goes inside, and programs are the system's, whatever a PATH names first. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};
