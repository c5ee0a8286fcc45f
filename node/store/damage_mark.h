// node/store/damage_mark.h - a damaged data folder is a lost disk: whoever finds the damage leaves a mark beside the
// database, and no process takes part with that folder again. Says what to do instead. Knows nothing of how damage is
// found.
#pragma once

#include "shared/base/result.h"
#include "shared/ring/cluster_map.h"

#include <atomic>
#include <string>

namespace quoit {

class DamageMark
{
public:
    /// @param vfs  the name of SQLite's layer for files
    /// @param path  of the mark
    DamageMark(std::string vfs, std::string path);

    /// Who has to be replaced, as soon as it is known.
    void setNode(NodeId node) { m_node.store(node, std::memory_order_relaxed); }

    /// @return Corrupt, with the words of the process that found the damage; Io
    Result<void> check() const;

    /// Leaves the mark, durably if the disk lets it. Any thread. @return the error, with what to do
    Error leave(const Error& error) const;

private:
    const std::string m_vfs;
    const std::string m_path;
    std::atomic<NodeId> m_node{noNode};
};

} // namespace quoit
