/*
 * base/banned: functions with no bound or no error are compile errors. Included by every .c
 * file, last, after the system's headers.
 */
#ifndef GSP_BASE_BANNED_H
#define GSP_BASE_BANNED_H

#define GSP_BANNED(f) sorry_##f##_is_banned_here

#undef strcpy
#define strcpy(x, y) GSP_BANNED(strcpy)
#undef strcat
#define strcat(x, y) GSP_BANNED(strcat)
#undef strncpy
#define strncpy(x, y, n) GSP_BANNED(strncpy)
#undef strncat
#define strncat(x, y, n) GSP_BANNED(strncat)
#undef sprintf
#define sprintf(...) GSP_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) GSP_BANNED(vsprintf)
#undef strtok
#define strtok(x, y) GSP_BANNED(strtok)
#undef atoi
#define atoi(x) GSP_BANNED(atoi)
#undef atol
#define atol(x) GSP_BANNED(atol)
#undef gets
#define gets(x) GSP_BANNED(gets)
#undef system
#define system(x) GSP_BANNED(system)
#undef popen
#define popen(x, y) GSP_BANNED(popen)
#undef localtime
#define localtime(x) GSP_BANNED(localtime)
#undef gmtime
#define gmtime(x) GSP_BANNED(gmtime)

#endif
