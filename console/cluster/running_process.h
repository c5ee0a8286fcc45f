// console/cluster/running_process.h - a process of this machine that isn't our child, held by a descriptor, so that its number
// can't come to mean another one.
#pragma once

#include <QObject>
#include <QSocketNotifier>
#include <QString>

#include <memory>

namespace quoit {

class RunningProcess : public QObject
{
    Q_OBJECT

public:
    /// Whoever holds the lock of a node's data folder. @return nullptr: nobody, or it can't be held
    static std::unique_ptr<RunningProcess> lockHolder(const QString& folder);
    ~RunningProcess() override;

    qint64 processId() const { return m_processId; }
    /// @param number as SIGTERM. @return false if it is gone, or another user's
    bool send(int number);
    /// @return false if it hasn't ended by then
    bool waitForEnd(int milliseconds);

Q_SIGNALS:
    void ended();

private:
    RunningProcess(qint64 processId, int descriptor);

    const qint64 m_processId;
    const int m_descriptor;
    QSocketNotifier m_notifier;
};

} // namespace quoit
