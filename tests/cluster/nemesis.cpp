#include "tests/cluster/nemesis.h"

#include "tests/cluster/load_client.h"

#include <algorithm>

namespace quoit::test {

const char* toText(Fault fault)
{
    static const char* const texts[faultKinds] = {
        "kill one",     "kill a majority", "kill all",  "pause",      "cut",          "hold",
        "hold one way", "delay one way",   "disk full", "slow fsync", "failing fsync"};
    return texts[static_cast<std::size_t>(fault)];
}

namespace {

QString text(const std::vector<int>& nodes)
{
    QStringList names;
    for (const int node : nodes)
        names << QString::number(node);
    return names.join(QLatin1Char(','));
}

QString text(const std::vector<std::pair<int, int>>& pairs)
{
    QStringList names;
    for (const auto& [a, b] : pairs)
        names << QStringLiteral("%1-%2").arg(a).arg(b);
    return names.join(QLatin1Char(','));
}

} // namespace

Nemesis::Nemesis(const NemesisOptions& options, ProxiedCluster& cluster)
    : m_options(options)
    , m_cluster(cluster)
    , m_random(options.seed)
    , m_disks(static_cast<std::size_t>(cluster.nodeCount()))
{}

int Nemesis::drawMs(int min, int max)
{
    return min + static_cast<int>(m_random.below(static_cast<std::uint64_t>(max - min + 1)));
}

void Nemesis::say(const QString& what)
{
    m_diary += QStringLiteral("%1 µs %2\n").arg(nowUs()).arg(what);
}

void Nemesis::run(int milliseconds)
{
    const std::int64_t endUs = nowUs() + std::int64_t(milliseconds) * 1000;
    if (m_options.leakPermille > 0)
        for (int node = 1; node <= m_cluster.nodeCount(); ++node)
            setDisk(node, [this](DiskFaults& faults) { faults.leakPermille = m_options.leakPermille; });
    std::int64_t nextUs = 0;
    while (nowUs() < endUs) {
        const std::int64_t now = nowUs();
        for (std::size_t i = m_active.size(); i-- > 0;) {
            if (m_active[i].endUs > now)
                continue;
            const Undo undo = std::move(m_active[i].undo);
            m_active.erase(m_active.begin() + static_cast<std::ptrdiff_t>(i));
            undo();
            nextUs = std::max(nextUs, nowUs() + 1000 * drawMs(0, m_options.restMsMax));
        }
        if (static_cast<int>(m_active.size()) < m_options.atOnceMax && now >= nextUs) {
            const Fault fault = drawFault();
            ++m_counts[fault];
            Undo undo = begin(fault);
            m_active.push_back({nowUs() + 1000 * drawMs(m_options.faultMsMin, m_options.faultMsMax), std::move(undo)});
            nextUs = nowUs() + 1000 * drawMs(0, m_options.restMsMax);
        }
        pass(5);
    }
    m_active.clear();
}

Nemesis::Undo Nemesis::begin(Fault fault)
{
    switch (fault) {
    case Fault::KillOne:
        return kill(1);
    case Fault::KillMajority:
        return kill(m_cluster.nodeCount() / 2 + 1);
    case Fault::KillAll:
        return kill(m_cluster.nodeCount());
    case Fault::Pause:
        return pause();
    case Fault::Cut:
    case Fault::Hold:
    case Fault::HoldOneWay:
        return part(fault);
    case Fault::DelayOneWay:
        return delay();
    case Fault::DiskFull:
    case Fault::SlowSync:
    case Fault::FailingSync:
        return spoil(fault);
    }
    return {};
}

/// As from a shuffled deck: none comes again before all have been there.
Fault Nemesis::drawFault()
{
    if (m_deck.empty())
        m_deck = m_options.faults;
    const auto place = m_deck.begin() + static_cast<std::ptrdiff_t>(m_random.below(m_deck.size()));
    const Fault fault = *place;
    m_deck.erase(place);
    return fault;
}

std::vector<int> Nemesis::draw(int count)
{
    std::vector<int> nodes;
    for (int node = 1; node <= m_cluster.nodeCount(); ++node)
        nodes.push_back(node);
    for (std::size_t i = nodes.size(); i > 1; --i)
        std::swap(nodes[i - 1], nodes[m_random.below(i)]);
    nodes.resize(static_cast<std::size_t>(count));
    return nodes;
}

void Nemesis::restart(int node)
{
    if (m_cluster.node(node).isAlive())
        return;
    say(QStringLiteral("starts n%1").arg(node));
    // It may fail while its disk is bad; heal() has the last word.
    m_cluster.startNode(node, 3000);
}

Nemesis::Undo Nemesis::kill(int count)
{
    const std::vector<int> nodes = draw(count);
    say(QStringLiteral("kills ") + text(nodes));
    for (const int node : nodes)
        m_cluster.node(node).kill();
    return [this, nodes] {
        for (const int node : nodes)
            restart(node);
    };
}

Nemesis::Undo Nemesis::pause()
{
    const std::vector<int> nodes = draw(m_random.chance(0.6) ? 1 : 2);
    say(QStringLiteral("pauses ") + text(nodes));
    for (const int node : nodes)
        m_cluster.node(node).pause();
    return [this, nodes] {
        say(QStringLiteral("resumes ") + text(nodes));
        for (const int node : nodes)
            m_cluster.node(node).resume();
    };
}

std::vector<std::pair<int, int>> Nemesis::drawParting()
{
    const std::vector<int> order = draw(m_cluster.nodeCount());
    const std::size_t count = order.size();
    const std::uint64_t shape = m_random.below(5);
    const std::size_t alone = shape < 2 ? 1 + shape : count / 2;
    std::vector<std::pair<int, int>> pairs;
    for (std::size_t a = 0; a < count; ++a) {
        for (std::size_t b = a + 1; b < count; ++b) {
            bool isParted = a < alone && b >= alone; // one alone, two alone, halves
            if (shape == 3)                          // the last one is a bridge between two halves
                isParted = isParted && b != count - 1;
            else if (shape == 4) // each reaches its two neighbours only
                isParted = b - a > 1 && b - a < count - 1;
            if (isParted)
                pairs.emplace_back(order[a], order[b]);
        }
    }
    return pairs;
}

Nemesis::Undo Nemesis::part(Fault how)
{
    const auto pairs = drawParting();
    const bool turned = m_random.chance(0.5);
    say(QString::fromLatin1(toText(how)) + (turned ? QStringLiteral(" from right to left ") : QStringLiteral(" ")) +
        text(pairs));
    PeerProxy& proxy = m_cluster.proxy();
    for (const auto& [a, b] : pairs) {
        if (how == Fault::Cut)
            proxy.cut(a, b);
        if (how == Fault::Hold || (how == Fault::HoldOneWay && !turned))
            proxy.setWay(a, b, {Milliseconds(0), true});
        if (how == Fault::Hold || (how == Fault::HoldOneWay && turned))
            proxy.setWay(b, a, {Milliseconds(0), true});
    }
    return [this, pairs, &proxy] {
        say(QStringLiteral("mends ") + text(pairs));
        for (const auto& [a, b] : pairs) {
            proxy.mend(a, b);
            proxy.setWay(a, b, {});
            proxy.setWay(b, a, {});
        }
    };
}

Nemesis::Undo Nemesis::delay()
{
    std::vector<std::pair<int, int>> pairs;
    const Milliseconds length(m_random.chance(0.5) ? drawMs(5, 60) : drawMs(60, 900));
    const double share = m_random.unit();
    for (int a = 1; a <= m_cluster.nodeCount(); ++a)
        for (int b = 1; b <= m_cluster.nodeCount(); ++b)
            if (a != b && m_random.chance(share))
                pairs.emplace_back(a, b);
    say(QStringLiteral("delays by %1 ms ").arg(length.count()) + text(pairs));
    for (const auto& [a, b] : pairs)
        m_cluster.proxy().setWay(a, b, {length, false});
    return [this, pairs] {
        say(QStringLiteral("delays no more"));
        for (const auto& [a, b] : pairs)
            m_cluster.proxy().setWay(a, b, {});
    };
}

void Nemesis::setDisk(int node, const std::function<void(DiskFaults&)>& change)
{
    DiskFaults& faults = m_disks[static_cast<std::size_t>(node - 1)];
    change(faults);
    m_cluster.node(node).setFaults(faults);
}

Nemesis::Undo Nemesis::spoil(Fault how)
{
    const int count = how == Fault::FailingSync ? 1 : 1 + static_cast<int>(m_random.below(3));
    const std::vector<int> nodes = draw(m_random.chance(0.1) && how == Fault::SlowSync ? m_cluster.nodeCount() : count);
    const int delayMs = drawMs(5, m_random.chance(0.7) ? 80 : 600);
    say(QString::fromLatin1(toText(how)) + QStringLiteral(" (%1 ms) at ").arg(delayMs) + text(nodes));
    for (const int node : nodes)
        setDisk(node, [&](DiskFaults& faults) {
            faults.isFull = faults.isFull || how == Fault::DiskFull;
            faults.syncFails = faults.syncFails || how == Fault::FailingSync;
            faults.syncDelayMs = how == Fault::SlowSync ? delayMs : faults.syncDelayMs;
        });
    return [this, nodes, how] {
        say(QStringLiteral("good disks at ") + text(nodes));
        for (const int node : nodes) {
            setDisk(node, [how](DiskFaults& faults) {
                faults.isFull = faults.isFull && how != Fault::DiskFull;
                faults.syncFails = faults.syncFails && how != Fault::FailingSync;
                faults.syncDelayMs = how == Fault::SlowSync ? 0 : faults.syncDelayMs;
            });
            if (how == Fault::FailingSync)
                restart(node);
        }
    };
}

} // namespace quoit::test
