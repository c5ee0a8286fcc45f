// tests/sim/network.h - what becomes of a message on its way: how long it takes, and which links are cut or clogged at the moment.
#pragma once

#include "node/core/messages.h"
#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "tests/sim/parameters.h"

#include <map>
#include <utility>

namespace quoit::sim {

class Network
{
public:
    Network(const Parameters& parameters, Random& random)
        : m_parameters(parameters)
        , m_random(random)
    {
    }

    std::int64_t delayUs();
    /// The same for a message that this run may have something against.
    std::int64_t delayUs(const Nuisance* nuisance);
    /// What this run has against messages like that one; null: nothing.
    const Nuisance* nuisanceOf(const MessageBody& body) const;
    /// One way. What arrives meanwhile is lost.
    void cut(NodeId from, NodeId to, std::int64_t untilUs) { m_cutUntilUs[{from, to}] = untilUs; }
    /// One way. What arrives meanwhile waits.
    void clog(NodeId from, NodeId to, std::int64_t untilUs) { m_clogUntilUs[{from, to}] = untilUs; }
    bool isCut(NodeId from, NodeId to, std::int64_t nowUs) const { return until(m_cutUntilUs, from, to) > nowUs; }
    /// 0: it isn't clogged.
    std::int64_t clogLeftUs(NodeId from, NodeId to, std::int64_t nowUs) const;
    void heal();
    bool healed() const { return m_healed; }

private:
    using Links = std::map<std::pair<NodeId, NodeId>, std::int64_t>;
    static std::int64_t until(const Links& links, NodeId from, NodeId to);

    const Parameters& m_parameters;
    Random& m_random;
    Links m_cutUntilUs;
    Links m_clogUntilUs;
    bool m_healed = false;
};

} // namespace quoit::sim
