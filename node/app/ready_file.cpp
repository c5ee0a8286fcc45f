#include "node/app/ready_file.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace quoit {

Result<void> writeReadyFile(const std::string& path, const NodeService& service)
{
    const auto text = [](const std::string& bytes) { return QString::fromStdString(bytes); };
    const QJsonObject content{
        {QStringLiteral("pid"), static_cast<qint64>(QCoreApplication::applicationPid())},
        {QStringLiteral("client"), text(service.clientAddress())},
        {QStringLiteral("peer"), text(service.peerAddress())},
        {QStringLiteral("http"), text(service.httpAddress())},
        {QStringLiteral("name"), text(service.name())},
        {QStringLiteral("version"), QStringLiteral(QUOIT_VERSION)},
    };
    QSaveFile file(text(path));
    if (!file.open(QIODevice::WriteOnly) ||
        file.write(QJsonDocument(content).toJson(QJsonDocument::Compact) + '\n') < 0 || !file.commit())
        return Error{ErrorCode::Io, "can't write the ready file " + path + ": " + file.errorString().toStdString()};
    return {};
}

} // namespace quoit
