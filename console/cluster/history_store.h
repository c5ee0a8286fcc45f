// console/cluster/history_store.h - a HistoryFile on a thread of its own: nobody waits for the disk. Failures are told,
// and end nothing: figures that can't be kept are dropped, a damaged file is set aside and a new one begun.
#pragma once

#include "console/cluster/history_file.h"

#include <QObject>
#include <QThread>

#include <functional>

namespace quoit {

using HistoryWindowPtr = std::shared_ptr<const HistoryWindow>;
using TimelinePtr = std::shared_ptr<const Timeline>;

class HistoryStore : public QObject
{
    Q_OBJECT

public:
    /// @param fileName may not exist yet
    explicit HistoryStore(QString fileName, qint64 bytesMax = HistoryFile::bytesMaxUsual, QObject* parent = nullptr);
    /// Waits for what was appended to be written.
    ~HistoryStore() override;

    void append(const QString& clusterId, std::vector<HistorySecond> seconds);
    /// Answered by read(), in order. Parameters as for HistoryFile::read().
    void ask(const QString& clusterId, qint64 fromSecond, qint64 toSecond, qint64 nowSecond, int steps);
    /// Answered by momentRead(), in order, whatever happens to the file.
    void askMoment(const QString& clusterId, qint64 second);
    /// Answered by timelineRead(), unless it can't be read.
    void askTimeline(const QString& clusterId);

    /// Why the past isn't kept, or what was lost of it; empty: all is well.
    const QString& trouble() const { return m_trouble; }

Q_SIGNALS:
    /// @param window null: it couldn't be read @param firstSecond the oldest moment that is kept; 0: none
    void read(const QString& clusterId, const quoit::HistoryWindowPtr& window, qint64 firstSecond);
    /// @param moment null: it couldn't be read
    void momentRead(const QString& clusterId, const quoit::PastMomentPtr& moment);
    void timelineRead(const QString& clusterId, const quoit::TimelinePtr& timeline);
    void troubleChanged();

private:
    class Worker;
    /// @param after called on the thread, whether the task could be run or not
    void work(std::function<Result<void>(HistoryFile&)> task, std::function<void()> after = {});
    void setTrouble(const QString& text);

    QThread m_thread;
    Worker* m_worker; // lives on the thread
    QString m_trouble;
};

} // namespace quoit
