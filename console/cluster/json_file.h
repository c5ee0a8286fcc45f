// console/cluster/json_file.h - a list in a small JSON file: read as a whole, written as a whole.
#pragma once

#include <QJsonArray>
#include <QString>

namespace quoit {

class JsonFile
{
public:
    /// @param fileName may not exist yet; empty: nothing is read or written
    explicit JsonFile(QString fileName);

    /// Empty if there is no file. One that is no list is renamed to NAME.damaged, in place of an older one.
    QJsonArray read();
    /// The old list stays if this fails.
    void write(const QJsonArray& list);
    /// Why the file can't be written, or what became of a damaged one; empty: all is well.
    const QString& trouble() const { return m_trouble.isEmpty() ? m_damage : m_trouble; }

private:
    const QString m_fileName;
    QString m_trouble; // of the last write
    QString m_damage;
};

} // namespace quoit
