// node/server/node_desk.h - what commands may ask of the node that they run in.
#pragma once

#include "node/core/core.h"
#include "node/peer/hello.h"
#include "node/server/change_book.h"
#include "node/server/client_sessions.h"
#include "node/server/cluster_view.h"
#include "node/server/load_meter.h"
#include "node/server/peer_links.h"
#include "node/server/service_options.h"
#include "node/server/settings.h"
#include "node/server/slow_log.h"
#include "node/store/store.h"
#include "shared/admin/node_report.h"

namespace quoit {

class NodeDesk
{
public:
    virtual ~NodeDesk() = default;

    virtual Now now() const = 0;
    virtual const ServiceOptions& options() const = 0;
    /// Null while the node waits for its cluster; commands on keys are refused then.
    virtual Core* core() = 0;
    virtual const Hello& self() const = 0;
    /// "waiting", "serving", "stopping"
    virtual std::string stateText() const = 0;
    virtual ClusterView& view() = 0;
    virtual LoadMeter& meter() = 0;
    virtual HotKeys& hotKeys() = 0;
    virtual SlowLog& slowLog() = 0;
    virtual ChangeBook& changeBook() = 0;
    virtual ClientSessions& sessions() = 0;
    virtual StoreStatistics storeStatistics() const = 0;
    virtual RuntimeSettings settings() const = 0;
    virtual void apply(const RuntimeSettings& settings) = 0;
    virtual PeerLinksCounters linkCounters() const = 0;
    virtual std::vector<PeerLinkFacts> links() const = 0;
    virtual IdentityReport identity() const = 0;
    /// Makes this node a member, durably. The same map again is fine. @return Refused, InvalidArgument, DiskFull, Io
    virtual Result<void> adopt(ClusterMapPtr map) = 0;
};

} // namespace quoit
