// tests/bench/load/keys_by_server.h - which keys a client that knows the cluster sends to which server.
#pragma once

#include "tests/bench/load/load_options.h"

namespace quoit::bench {

/// The numbers of the keys, [server] in the order of LoadOptions::servers.
struct KeysByServer
{
    std::vector<std::vector<std::uint32_t>> keys;
    std::string problem; ///< why they can't be told; empty if they can
};

/// Asks the first server for CLUSTER SLOTS, and gives every key to the server that is named first for its slot, as
/// clients of Redis Cluster do. Blocks, for 5 s at most. Each server must get a key, and each key a server.
KeysByServer keysByServer(const LoadOptions& options);

} // namespace quoit::bench
