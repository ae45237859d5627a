/*
 * status_row: one server, machine or firewall as gsp-status prints it.
 */
#ifndef GSP_CMD_STATUS_ROW_H
#define GSP_CMD_STATUS_ROW_H

#include "fmt/out.h"
#include "gsp/status.h"

/** status_row_json(o, r): every field; what is not known, or not there, is null. */
void status_row_json(struct gsp_out *o, const struct gsp_status_row *r);

/** status_row_columns(o, r): those of the table. */
void status_row_columns(struct gsp_out *o, const struct gsp_status_row *r);

#endif
