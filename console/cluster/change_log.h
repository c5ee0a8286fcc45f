// console/cluster/change_log.h - the kept reports of changes of the ring: what this console saw begin and end, in a
// small file. How one ended is in the map, which lists the last ones: also those that ended while nobody looked.
#pragma once

#include "console/cluster/json_file.h"
#include "shared/admin/change_report.h"
#include "shared/ring/cluster_map.h"

#include <QObject>

#include <vector>

namespace quoit {

struct KeptChange
{
    enum class Outcome {
        Running,
        Done,
        Aborted,
        Impossible, ///< it waited, and could not be made any more
        Unknown,    ///< it ended while this console wasn't looking, and so many came after it that the map doesn't list it
    };
    QString clusterId;
    quint64 number = 0;
    quint64 epoch = 0; ///< in which it ran; if it was never seen running, the one that ended it
    QString text;      ///< its steps in words
    Outcome outcome = Outcome::Running;
    qint64 beganMs = 0;     ///< Unix epoch, when it was first seen; 0: it was never seen running
    qint64 endedMs = 0;     ///< by the nodes' clocks, or when its end was seen; 0: it runs
    quint64 partitions = 0; ///< that were to be copied
    quint64 bytes = 0;      ///< that were copied, as far as it was seen
};

class ChangeLog : public QObject
{
    Q_OBJECT

public:
    static constexpr std::size_t keptMax = 200;

    /// Reads the file. @param fileName may not exist yet; empty: nothing is kept beyond this object
    explicit ChangeLog(QString fileName, QObject* parent = nullptr);

    /// @param nowMs Unix epoch. Older maps than the last one of the same cluster are ignored.
    void follow(const ClusterMap& map, qint64 nowMs);
    /// Figures of the change in progress, and changes that ended without a new epoch: of the cluster of the last map.
    /// @param bytes copied for the change in progress @param nowMs as above
    void note(const ChangesReport& report, quint64 bytes, qint64 nowMs);

    /// Newest first.
    std::vector<KeptChange> of(const std::string& clusterId) const;
    /// Of the file, as JsonFile::trouble().
    const QString& trouble() const { return m_file.trouble(); }

Q_SIGNALS:
    void changed();

private:
    void load();
    void save();
    /// @return whether that is news
    bool takeOver(const EndedChange& ended, qint64 nowMs);
    void add(KeptChange kept);

    JsonFile m_file;
    std::vector<KeptChange> m_changes; ///< oldest first
    QString m_clusterId;               ///< of the last map
    quint64 m_revision = 0;            ///< likewise
};

} // namespace quoit
