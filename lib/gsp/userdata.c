#include "gsp/userdata.h"

#include <string.h>

#include "base/banned.h"

/* bootcmd runs early in every boot, before the network is used by anybody else; on the first
 * one nft is not installed yet, so runcmd loads the table as well. */
static const char rest[] =
    "ssh_quiet_keygen: true\n"
    "ssh_publish_hostkeys: {enabled: false}\n"
    "no_ssh_fingerprints: true\n"
    "disable_root: false\n"
    "ssh_pwauth: false\n"
    "package_update: true\n"
    "packages: [rsync, nftables]\n"
    "write_files:\n"
    "  - path: /etc/gsp-metadata.nft\n"
    "    permissions: \"0600\"\n"
    "    content: |\n"
    "      table inet gsp_metadata {\n"
    "        chain out {\n"
    "          type filter hook output priority 0; policy accept;\n"
    "          meta skuid != 0 ip daddr 169.254.169.254 drop\n"
    "          meta skuid != 0 ip6 daddr fd00:a9fe:a9fe::1 drop\n"
    "        }\n"
    "      }\n"
    "  - path: /usr/local/sbin/gsp-hide-metadata\n"
    "    permissions: \"0755\"\n"
    "    content: |\n"
    "      #!/bin/sh\n"
    "      # hides the metadata service from everybody but root; safe to run twice\n"
    "      command -v nft >/dev/null || exit 0\n"
    "      nft list table inet gsp_metadata >/dev/null 2>&1 || nft -f /etc/gsp-metadata.nft\n"
    "bootcmd:\n"
    "  - [sh, -c, \"test ! -x /usr/local/sbin/gsp-hide-metadata || "
    "/usr/local/sbin/gsp-hide-metadata\"]\n"
    "runcmd:\n"
    "  - [/usr/local/sbin/gsp-hide-metadata]\n";

int
gsp_userdata(struct gsp_buf *out, const char *host_key_private, const char *host_key,
    struct gsp_err *err)
{
	const char *line = host_key_private, *end;

	gsp_buf_adds(out, "#cloud-config\nssh_deletekeys: true\nssh_keys:\n  ed25519_private: |\n");
	for (; *line != '\0'; line = *end == '\n' ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		gsp_buf_adds(out, "    ");
		gsp_buf_add(out, line, (size_t)(end - line));
		gsp_buf_addc(out, '\n');
	}
	gsp_buf_addf(out, "  ed25519_public: \"%s\"\n", host_key);
	gsp_buf_adds(out, rest);
	return gsp_buf_ok(out) ? 0 : gsp_err_set(err, GSP_EBUG, "user data too large");
}
