// node/app/ready_file.h - tells whoever started this node where it serves.
#pragma once

#include "node/server/node_service.h"
#include "shared/base/result.h"

#include <string>

namespace quoit {

/// Writes {"pid", "client", "peer", "http", "name", "version"} in one step: the file is there whole or not at all.
Result<void> writeReadyFile(const std::string& path, const NodeService& service);

} // namespace quoit
