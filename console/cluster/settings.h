// console/cluster/settings.h - what a person has set, kept by QSettings. Nobody waits for the disk: a write there ends with
// an fsync, which takes from a millisecond to seconds.
#pragma once

#include <QHash>
#include <QMutex>
#include <QString>
#include <QThreadPool>
#include <QVariant>

namespace quoit {

/// Lives in one thread. Two of them don't see each other's changes, except where one is made after the other has gone.
class Settings
{
public:
    /// @param fileName an INI file; empty: where the application's settings are
    explicit Settings(QString fileName = {});
    /// Waits for what is to be written.
    ~Settings();

    /// @param name as QSettings has it, "group/name"
    QVariant value(const QString& name, const QVariant& otherwise = {}) const { return m_values.value(name, otherwise); }
    /// value() gives it from now on; the disk gets it soon.
    void setValue(const QString& name, const QVariant& value);

private:
    void writeChanged();

    const QString m_fileName;
    QHash<QString, QVariant> m_values;
    QMutex m_mutex; // guards m_changed
    QHash<QString, QVariant> m_changed; // since the last write began
    QThreadPool m_thread; // one; the last member, as it uses the others
};

} // namespace quoit
