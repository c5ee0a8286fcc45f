// node/store/store_writer_set.cpp - what one commit writes to which table.
#include "node/core/planted_bug.h"
#include "node/store/log_codec.h"
#include "node/store/store_schema.h"
#include "node/store/store_writer.h"

#include <sqlite3.h>

#include <utility>

namespace quoit {

/// To the log, from where they come to their table later. Large ones to their table at once, so that each of their bytes is written
/// twice instead of four times, unless the log holds an earlier change that would be folded over them.
int StoreWriter::writeRecords()
{
    m_directBytes = 0;
    m_set.changes().setDirect([this](const LoggedChanges::RecordWrite& write) {
        return !write.removes && write.record->value.size() >= m_options.directBytes &&
               (!m_backlog.mayHold(write.position) || planted(PlantedBug::DirectBesideLog));
    });
    // Even without changes: entries count commits.
    encodeLogEntry(m_entry, m_backlog.nextEntry(), m_set.changes());
    int code = m_tables.appendLog(m_backlog.nextEntry(), m_entry.bytes);
    for (const LoggedChanges::RecordWrite& write : std::as_const(m_set).changes().records()) {
        if (!write.direct || code != SQLITE_DONE)
            continue;
        m_directBytes += write.record->bytes();
        code = m_tables.putRecord(write.position, *write.record);
    }
    return code;
}

int StoreWriter::writeSet()
{
    int code = m_set.batches() > 0 ? writeRecords() : SQLITE_DONE;
    for (const PartitionState& state : m_set.partitions()) {
        if (code == SQLITE_DONE)
            code = m_tables.putPartition(state);
    }
    for (const auto& [node, peer] : m_set.peers()) {
        if (code == SQLITE_DONE)
            code = m_tables.putPeer(peer);
    }
    for (const auto& [name, note] : m_set.notes()) {
        if (code == SQLITE_DONE)
            code = m_tables.putMeta(std::string(metaName::notePrefix) + name, note);
    }
    const ClusterMapPtr map = m_takenIdentity ? m_takenIdentity->map : m_set.map();
    if (code == SQLITE_DONE && map)
        code = m_tables.putMeta(metaName::map, map->encode());
    if (code == SQLITE_DONE && m_takenIdentity)
        code = m_tables.countBy(map->partitionCount());
    if (code == SQLITE_DONE && m_takenIdentity)
        code = m_tables.putMeta(metaName::node, std::to_string(m_takenIdentity->node));
    return code;
}

} // namespace quoit
