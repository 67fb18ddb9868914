/** Two good rows. */
export const CSV = 'at,n,t\n2024-01-01 00:00:00,1,a\n2024-01-03 00:00:00,2,b\n';
/** Two more, with times between and after those. */
export const LATER = 'at,n,t\n2024-01-02 00:00:00,3,c\n2024-02-01 00:00:00,4,d\n';
/** A good row, one with a text for a number, and one that lacks a field. */
export const BAD = 'at,n,t\n2024-01-05 00:00:00,5,e\n2024-01-06 00:00:00,six,"f, ""g"""\n2024-01-07 00:00:00,7\n';
