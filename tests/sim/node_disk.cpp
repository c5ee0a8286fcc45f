#include "tests/sim/node_disk.h"

#include <map>
#include <string>

namespace quoit::sim {

namespace {

std::string uniqueName(NodeId node)
{
    static std::uint64_t count = 0;
    return "n" + std::to_string(node) + "-" + std::to_string(++count);
}

} // namespace

NodeDisk::NodeDisk(NodeId node, const ClusterMapPtr& map, bool isFirst, const Parameters& parameters, std::uint64_t seed)
    : m_node(node)
    , m_parameters(parameters)
    , m_disk(std::make_unique<MemoryDisk>(uniqueName(node), seed))
{
    // Making one takes longer than many a run.
    static std::map<std::pair<NodeId, const ClusterMap*>, MemoryDisk::Image> images;
    MemoryDisk::Image own;
    MemoryDisk::Image& image = isFirst ? images[{node, map.get()}] : own;
    if (image.files.empty()) {
        auto store = SqliteStore::open(options(), *this);
        QUOIT_ENSURE(store.ok() && store.value()->setIdentity(node, map).ok() && store.value()->close().ok());
        store.value().reset();
        image = m_disk->snapshot();
    }
    m_disk->restore(image);
}

NodeDisk::~NodeDisk()
{
    m_disk->kill();
}

SqliteStoreOptions NodeDisk::options() const
{
    SqliteStoreOptions options;
    options.dir = m_disk->name();
    options.vfs = memoryVfsName;
    options.folder = false;
    options.threads = false;
    options.reserveBytes = 0;
    options.diskId = "disk-" + std::to_string(m_node);
    options.cacheBytes = m_parameters.cacheBytes;
    options.logBytes = m_parameters.logBytes;
    options.directBytes = m_parameters.directBytes;
    options.walPagesMax = m_parameters.walPagesMax;
    options.writerCacheKib = 64;
    options.readerCacheKib = 64;
    return options;
}

Result<StoredState> NodeDisk::open()
{
    m_durable = 0;
    m_space = DiskSpace::Ample;
    m_failed = false;
    auto opened = SqliteStore::open(options(), *this);
    if (!opened)
        return opened.error();
    if (m_disk->dead()) // in its last operation, whose failure means nothing to the store
        return Error{ErrorCode::Io, "the disk stopped"};
    m_store = std::move(opened).value();
    // The look itself may meet what was broken on purpose; that is found in other ways as well.
    if (const Result<void> counted = m_store->checkCounts(); !counted && counted.error().code == ErrorCode::Refused)
        m_problem = counted.error().message;
    m_progress = m_store->state().progress;
    return m_store->state();
}

void NodeDisk::close(Random& random)
{
    m_lostPower = m_disk->dead() || random.chance(0.5);
    if (m_lostPower)
        m_disk->powerLoss(random, static_cast<PowerLoss>(random.below(powerLossStyles)));
    else
        m_disk->kill();
    m_store.reset();
    m_disk->faults().failingSyncs = 0;
}

NodeDisk::Turn NodeDisk::turn()
{
    Turn turn;
    const DiskSpace spaceBefore = m_space;
    const PersistSequence durableBefore = m_durable;
    const StoreTurn outcome = m_store->turn();
    turn.durable = m_durable > durableBefore ? m_durable : 0;
    turn.progress = m_progress;
    turn.spaceChanged = m_space != spaceBefore;
    turn.ended = m_disk->dead() || untrusted();
    turn.more = outcome != StoreTurn::Idle;
    return turn;
}

void NodeDisk::durable(PersistSequence upTo, std::uint64_t progress)
{
    m_durable = upTo;
    m_progress = progress;
}

} // namespace quoit::sim
