#include "console/cluster/tour.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr int tickMs = 200;
constexpr std::size_t nodesMin = 3; // with fewer no majority is left

ClusterClient::Options clientOptions()
{
    ClusterClient::Options options;
    options.link.connection.clientName = "quoit-tour";
    return options;
}

const NodeReport* reportOf(const ClusterSnapshot& snapshot, const NodeProcess& process)
{
    const auto found = std::ranges::find(snapshot.nodes, process.addresses().client.toStdString(), &NodeReport::clientAddress);
    return found == snapshot.nodes.end() ? nullptr : &*found;
}

} // namespace

Tour::Tour(QObject* parent)
    : Tour(Options(), parent)
{}

Tour::Tour(Options options, QObject* parent)
    : QObject(parent)
    , m_options(options)
    , m_client(clientOptions())
    , m_ledger(options.keyCount)
    , m_batch(m_client)
    , m_load(m_client, m_ledger, options.load)
{
    connect(&m_tick, &QTimer::timeout, this, &Tour::changed);
    m_tick.setInterval(tickMs);
    connect(&m_load, &SampleLoad::drained, this, &Tour::onLoadDrained);
    connect(&m_batch, &SampleBatch::idle, this, &Tour::deleteWhenQuiet);
    connect(&m_load, &SampleLoad::expired, this, [this] {
        m_isLoadOver = true;
        Q_EMIT changed();
    });
}

Tour::~Tour() = default;

bool Tour::isFor(const LocalCluster* local, const ClusterSnapshot& snapshot)
{
    if (!local || local->state() != LocalCluster::State::Serving || !snapshot.map)
        return false;
    const std::vector<Member>& members = snapshot.map->members();
    return members.size() >= nodesMin && snapshot.map->replicaCount() >= nodesMin &&
           std::ranges::all_of(members, [local](const Member& member) {
               return local->nodeAt(QString::fromStdString(member.clientAddress)) != nullptr;
           });
}

QString Tour::whyNot(const LocalCluster* local, const ClusterSnapshot& snapshot)
{
    if (!isFor(local, snapshot))
        return tr("The tour kills a node: it is for three nodes or more that this console has started.");
    if (snapshot.map->isChanging())
        return tr("A change of the ring is in progress.");
    if (snapshot.health.level != Health::Level::Well)
        return tr("The tour begins when the cluster is well.");
    return {};
}

Tour::Figures Tour::figures() const
{
    Figures figures = m_figures;
    figures.load = m_load.total();
    if (!m_figures.node.isEmpty())
        (m_sinceStart.isValid() ? figures.sinceStart : figures.sinceKill) = m_load.sinceMark();
    return figures;
}

double Tour::progress() const
{
    switch (m_stage) {
    case Stage::LoadingKeys:
    case Stage::Checking:
    case Stage::DeletingKeys:
        return m_batch.isRunning() ? double(m_batch.answeredCount()) / m_batch.count() : 0;
    case Stage::CatchingUp:
        return m_partitionsToCompare == 0 ? 0 : 1 - double(m_partitionsLeft) / double(m_partitionsToCompare);
    default:
        return 0;
    }
}

std::pair<quint64, quint64> Tour::partitionsTheSame() const
{
    return {m_partitionsToCompare - m_partitionsLeft, m_partitionsToCompare};
}

void Tour::setStage(Stage stage, const QString& trouble)
{
    m_stage = stage;
    m_trouble = trouble;
    if (stage == Stage::Idle || stage == Stage::KeysLoaded || stage == Stage::Report)
        m_tick.stop();
    else
        m_tick.start();
    Q_EMIT changed();
}

void Tour::begin(LocalCluster& local, const ClusterSnapshot& snapshot)
{
    if (m_stage != Stage::Idle || !whyNot(&local, snapshot).isEmpty())
        return;
    m_local = &local;
    m_killed.clear();
    m_hasEnded = false;
    m_figures = {};
    m_isLoadOver = false;
    m_firstProblem.clear();
    m_client.setSpread(int(local.addresses().size()));
    m_client.connectTo(local.addresses());
    setStage(Stage::LoadingKeys);
    connect(&m_batch, &SampleBatch::finished, this, &Tour::onKeysLoaded, Qt::SingleShotConnection);
    m_batch.run(
        m_ledger.keyCount(),
        [this](int index) -> std::vector<std::string> { return {"SET", m_ledger.key(index), m_ledger.beginWrite(index)}; },
        [this](int index, const ClientReply& reply) {
            m_ledger.endWrite(index, reply.ok());
            m_figures.keysLoaded += reply.ok();
            if (!reply.ok() && m_firstProblem.isEmpty())
                m_firstProblem = QString::fromStdString(reply.errorText());
        });
}

void Tour::onKeysLoaded()
{
    if (m_figures.keysLoaded == m_ledger.keyCount())
        return setStage(Stage::KeysLoaded);
    m_figures.isStopped = true;
    setStage(Stage::Report, tr("%1 sample keys couldn't be written: %2.")
                                .arg(m_ledger.keyCount() - m_figures.keysLoaded)
                                .arg(m_firstProblem));
}

void Tour::startLoad()
{
    if (m_stage != Stage::KeysLoaded)
        return;
    m_load.start();
    setStage(Stage::UnderLoad);
}

void Tour::killNode(const ClusterSnapshot& snapshot, const QString& avoidAddress)
{
    if (m_stage != Stage::UnderLoad || !m_local)
        return;
    NodeProcess* chosen = nullptr;
    for (const QString& address : m_local->addresses()) {
        NodeProcess* process = m_local->nodeAt(address);
        if (process->state() == NodeProcess::State::Running && (!chosen || address != avoidAddress))
            chosen = process;
    }
    if (!chosen)
        return setStage(m_stage, tr("There is no node that runs."));
    m_killed = chosen;
    m_figures.node = chosen->name();
    const NodeReport* report = reportOf(snapshot, *chosen);
    m_incarnationBefore = report ? report->incarnation : 0;
    connect(chosen, &NodeProcess::ended, this, [this] { m_hasEnded = true; }, Qt::SingleShotConnection);
    m_load.mark();
    m_sinceStart.invalidate();
    m_sinceKill.start();
    chosen->kill();
    setStage(Stage::NodeKilled);
}

bool Tour::canStartNode() const
{
    return m_stage == Stage::NodeKilled && m_killed && m_hasEnded && !m_killed->isAlive();
}

void Tour::startNode()
{
    if (!canStartNode())
        return;
    markStart();
    m_partitionsToCompare = 0;
    m_partitionsLeft = 0;
    setStage(Stage::CatchingUp);
    m_killed->start();
}

/// What comes back costs other requests than what is gone.
void Tour::markStart()
{
    m_figures.sinceKill = m_load.sinceMark();
    m_load.mark();
    m_sinceStart.start();
}

void Tour::follow(const ClusterSnapshot& snapshot)
{
    if (m_stage != Stage::NodeKilled && m_stage != Stage::CatchingUp)
        return;
    if (!m_killed) // it has left the ring meanwhile
        return stop();
    if (m_stage == Stage::NodeKilled) {
        if (!m_hasEnded || !m_killed->isAlive())
            return;
        markStart(); // it was started on the page Nodes
        setStage(Stage::CatchingUp);
    }
    if (!m_killed->isAlive())
        return setStage(Stage::NodeKilled, tr("%1 didn't start: %2").arg(m_killed->name(), m_killed->problem()));
    if (const NodeReport* node = reportOf(snapshot, *m_killed))
        watchNode(*node);
}

void Tour::watchNode(const NodeReport& node)
{
    if (node.state != NodeState::Up || node.incarnation <= m_incarnationBefore)
        return;
    if (m_figures.awayMs == 0)
        m_figures.awayMs = m_sinceKill.elapsed();
    m_partitionsLeft = node.partitionsUncompared + node.partitionsDiffering;
    m_partitionsToCompare = std::max(m_partitionsToCompare, m_partitionsLeft);
    if (m_partitionsLeft > 0 || node.sameForMs == 0)
        return;
    m_figures.catchUpMs = m_sinceStart.elapsed();
    setStage(Stage::CaughtUp);
}

void Tour::finish()
{
    if (m_stage != Stage::CaughtUp)
        return;
    setStage(Stage::Checking);
    m_load.stop();
}

void Tour::onLoadDrained()
{
    if (m_stage == Stage::Checking)
        check();
    deleteWhenQuiet();
}

void Tour::check()
{
    connect(
        &m_batch, &SampleBatch::finished, this, [this] { setStage(Stage::Report, m_trouble); }, Qt::SingleShotConnection);
    m_batch.run(
        m_ledger.keyCount(),
        [this](int index) -> std::vector<std::string> {
            m_ledger.beginRead(index);
            return {"GET", m_ledger.key(index)};
        },
        [this](int index, const ClientReply& reply) {
            ++m_figures.keysChecked;
            if (!reply.ok()) {
                ++m_figures.keysUnread;
                m_ledger.endRead(index);
            } else if (!m_ledger.endRead(index, reply.value.isNull() ? std::nullopt : std::optional(reply.value.text))) {
                ++m_figures.keysWrong;
            }
        });
}

void Tour::deleteKeys()
{
    if (m_stage != Stage::Report)
        return;
    m_firstProblem.clear();
    m_figures.keysDeleted = 0;
    setStage(Stage::DeletingKeys);
    deleteWhenQuiet();
}

void Tour::deleteWhenQuiet()
{
    if (m_stage != Stage::DeletingKeys || m_batch.isRunning() || m_batch.inFlight() > 0 || m_load.inFlight() > 0)
        return;
    connect(
        &m_batch, &SampleBatch::finished, this,
        [this] {
            if (m_firstProblem.isEmpty())
                return leave();
            setStage(Stage::Report, tr("Not all sample keys could be deleted: %1.").arg(m_firstProblem));
        },
        Qt::SingleShotConnection);
    // Those that were never tried are DEL of nothing.
    m_batch.run(
        m_ledger.keyCount(), [this](int index) -> std::vector<std::string> { return {"DEL", m_ledger.key(index)}; },
        [this](int, const ClientReply& reply) {
            m_figures.keysDeleted += reply.ok();
            if (!reply.ok() && m_firstProblem.isEmpty())
                m_firstProblem = QString::fromStdString(reply.errorText());
        });
}

void Tour::leave()
{
    m_batch.stop();
    m_load.stop();
    m_client.disconnectFromCluster();
    m_ledger = SampleLedger(m_options.keyCount);
    setStage(Stage::Idle);
}

void Tour::stop()
{
    if (m_stage == Stage::Idle || m_stage == Stage::Report)
        return;
    const bool isDeleting = m_stage == Stage::DeletingKeys;
    disconnect(&m_batch, &SampleBatch::finished, this, nullptr);
    m_batch.stop();
    m_load.stop();
    if (m_stage == Stage::NodeKilled && m_killed)
        m_killed->restart(); // also if its process is just about to end
    m_figures.isStopped = m_figures.isStopped || !isDeleting;
    setStage(Stage::Report);
}

void Tour::abandon()
{
    if (m_stage == Stage::Idle)
        return;
    stop();
    leave();
}

} // namespace quoit
