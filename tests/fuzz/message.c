// SPDX-License-Identifier: MIT
/* Any datagram on NOTIFY_SOCKET: what comes out can be printed. */
#include <stdlib.h>
#include <string.h>

#include <udrv/checkpoint.h>

#include "../../supervisor/message.h"
#include "fuzz.h"

static bool printable(const char text[UDRVD_STATUS_MAX])
{
	size_t len = strnlen(text, UDRVD_STATUS_MAX);

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len < UDRVD_STATUS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udrvd_message m;

	if (udrvd_message_parse((const char *)data, size, &m)) {
		for (size_t i = 0; i < sizeof(m); i++)
			require(!((const char *)&m)[i]);
		return 0;
	}
	require(size <= UDRVD_MESSAGE_MAX);
	require(printable(m.status) && printable(m.state));
	require(m.blk < UDRV_BLK_UNITS);
	return 0;
}
