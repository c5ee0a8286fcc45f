// node/server/service_options.h - how a node is set up; node/app fills it in from the command line, tests by hand.
#pragma once

#include "node/core/core.h"
#include "node/server/address.h"
#include "node/server/peer_links.h"
#include "node/server/session.h"
#include "node/store/cache_policy.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace quoit {

struct ServiceOptions
{
    std::string dataDir;
    Address listen{"127.0.0.1", 7400};      ///< clients; port 0: any free one
    Address peerListen{"127.0.0.1", 17400}; ///< other nodes
    std::optional<Address> httpListen;      ///< probes and metrics; none: off
    std::string name;                       ///< empty: from the host's name and port
    std::string zone;                       ///< empty: none
    double weight = 1.0;                    ///< > 0
    std::uint64_t cacheBytes = 64 * 1024 * 1024;
    CachePolicyKind cachePolicy = CachePolicyKind::TinyLfu;
    std::size_t clientsMax = 10'000;
    std::string programVersion = "0.1.0";
    std::function<std::uint64_t()> allocatedBytes; ///< what the process has allocated; none: nobody knows
    std::string allocator;                         ///< its name
    SessionLimits session;
    SessionMemoryLimits sessionMemory;
    PeerLinksOptions links;
    CoreOptions core;
};

} // namespace quoit
