#include "console/cluster/settings.h"

#include <QMutexLocker>
#include <QSettings>

#include <memory>
#include <utility>

namespace quoit {

namespace {

std::unique_ptr<QSettings> open(const QString& fileName)
{
    return fileName.isEmpty() ? std::make_unique<QSettings>() : std::make_unique<QSettings>(fileName, QSettings::IniFormat);
}

} // namespace

Settings::Settings(QString fileName)
    : m_fileName(std::move(fileName))
{
    m_thread.setMaxThreadCount(1); // in order
    const auto file = open(m_fileName);
    for (const QString& name : file->allKeys())
        m_values.insert(name, file->value(name));
}

Settings::~Settings()
{
    m_thread.waitForDone();
}

void Settings::setValue(const QString& name, const QVariant& value)
{
    m_values.insert(name, value);
    const QMutexLocker locker(&m_mutex);
    if (m_changed.isEmpty()) // else who is to write them hasn't begun
        m_thread.start([this] { writeChanged(); });
    m_changed.insert(name, value);
}

/// On the thread.
void Settings::writeChanged()
{
    QHash<QString, QVariant> changed;
    {
        const QMutexLocker locker(&m_mutex);
        changed.swap(m_changed);
    }
    const auto file = open(m_fileName);
    for (auto each = changed.cbegin(); each != changed.cend(); ++each)
        file->setValue(each.key(), each.value());
    // Written as it is destroyed; other programs' changes stay.
}

} // namespace quoit
