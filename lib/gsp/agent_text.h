/*
 * gsp/agent_text: the script that runs on the machine (lib/gsp/agent.sh), made into a string
 * when gsp is built.
 */
#ifndef GSP_GSP_AGENT_TEXT_H
#define GSP_GSP_AGENT_TEXT_H

extern const char gsp_agent_name[]; /* "agent-" and 12 hex digits of its checksum */
extern const char gsp_agent_text[];

#endif
