#include "console/cluster/json_file.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QMutexLocker>
#include <QSaveFile>

#include <utility>

namespace quoit {

namespace {

QString translated(const char* text)
{
    return QCoreApplication::translate("quoit::JsonFile", text);
}

} // namespace

JsonFile::JsonFile(QString fileName, QObject* parent)
    : QObject(parent)
    , m_fileName(std::move(fileName))
{
    m_thread.setMaxThreadCount(1); // in order
}

JsonFile::~JsonFile()
{
    m_thread.waitForDone();
}

QJsonArray JsonFile::read()
{
    QFile file(m_fileName);
    if (m_fileName.isEmpty() || !file.open(QIODevice::ReadOnly))
        return {};
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll());
    if (document.isArray())
        return document.array();
    const QString aside = m_fileName + QStringLiteral(".damaged");
    QFile::remove(aside);
    file.close();
    m_damage = file.rename(aside) ? translated("%1 was damaged. It was set aside as %2.").arg(m_fileName, aside)
                                  : translated("%1 is damaged.").arg(m_fileName);
    return {};
}

void JsonFile::write(const QJsonArray& list)
{
    if (m_fileName.isEmpty())
        return;
    const QMutexLocker locker(&m_mutex);
    if (!m_next) // else who is to write it hasn't begun
        m_thread.start([this] { writeNext(); });
    m_next = list;
}

/// On the thread.
void JsonFile::writeNext()
{
    QJsonArray list;
    {
        const QMutexLocker locker(&m_mutex);
        list = *std::exchange(m_next, std::nullopt);
    }
    QDir().mkpath(QFileInfo(m_fileName).path());
    QSaveFile file(m_fileName);
    const bool isWritten =
        file.open(QIODevice::WriteOnly) && file.write(QJsonDocument(list).toJson()) >= 0 && file.commit();
    const QString trouble =
        isWritten ? QString() : translated("%1 can't be written: %2").arg(m_fileName, file.errorString());
    const auto tell = [this, trouble] {
        if (m_trouble == trouble)
            return;
        m_trouble = trouble;
        Q_EMIT troubleChanged();
    };
    QMetaObject::invokeMethod(this, tell, Qt::QueuedConnection);
}

} // namespace quoit
