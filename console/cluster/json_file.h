// console/cluster/json_file.h - a list in a small JSON file: read as a whole, written as a whole, by a thread of its own.
#pragma once

#include <QJsonArray>
#include <QMutex>
#include <QObject>
#include <QString>
#include <QThreadPool>

#include <optional>

namespace quoit {

class JsonFile : public QObject
{
    Q_OBJECT

public:
    /// @param fileName may not exist yet; empty: nothing is read or written
    explicit JsonFile(QString fileName, QObject* parent = nullptr);
    /// Waits for what is to be written.
    ~JsonFile() override;

    /// Empty if there is no file. One that is no list is renamed to NAME.damaged, in place of an older one.
    QJsonArray read();
    /// Soon; nobody waits for the disk. The old list stays if this fails. Of lists that come faster than the disk takes
    /// them the last one is written.
    void write(const QJsonArray& list);
    /// Why the file can't be written, or what became of a damaged one; empty: all is well.
    const QString& trouble() const { return m_trouble.isEmpty() ? m_damage : m_trouble; }

Q_SIGNALS:
    void troubleChanged();

private:
    void writeNext();

    const QString m_fileName;
    QString m_trouble; // of the last write
    QString m_damage;
    QMutex m_mutex; // guards m_next
    std::optional<QJsonArray> m_next;
    QThreadPool m_thread; // one; the last member, as it uses the others
};

} // namespace quoit
