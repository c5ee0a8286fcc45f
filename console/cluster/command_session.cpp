#include "console/cluster/command_session.h"

#include <utility>

namespace quoit {

namespace {

NodeLink::Options linkOptions()
{
    NodeLink::Options options;
    options.connection.clientName = "quoit-console";
    options.connection.limits.bulkBytesMax = CommandSession::replyBytesMax;
    options.connection.limits.valueBytesMax = CommandSession::replyBytesMax;
    options.connection.limits.elementsMax = CommandSession::replyElementsMax;
    // A person sees that it takes long, and can cancel it.
    options.answerMax = std::chrono::hours(1);
    return options;
}

QString lostText()
{
    return CommandSession::tr("cancelled");
}

} // namespace

CommandSession::CommandSession(QObject* parent)
    : QObject(parent)
    , m_link(std::make_unique<NodeLink>(m_addresses, linkOptions(), [] { return QStringList(); }))
{
    connect(m_link.get(), &NodeLink::up, this, &CommandSession::onUp);
    connect(m_link.get(), &NodeLink::down, this, &CommandSession::onDown);
    connect(m_link.get(), &NodeLink::attemptFailed, this, [this](const QString& address, const QString& reason) {
        if (m_hasCluster)
            m_trouble = QStringLiteral("%1: %2").arg(address, reason);
        Q_EMIT changed();
    });
}

CommandSession::~CommandSession() = default;

void CommandSession::setCluster(const QStringList& seeds)
{
    m_hasCluster = false;
    m_link->stop(tr("disconnected"));
    m_addresses.setSeeds(seeds);
    m_book.clear();
    m_trouble.clear();
    m_lastAddress.clear();
    m_hasCluster = !seeds.isEmpty();
    if (m_hasCluster && m_isOpen)
        m_link->start();
    Q_EMIT changed();
}

void CommandSession::open()
{
    m_isOpen = true;
    if (m_hasCluster)
        m_link->start();
}

void CommandSession::onUp()
{
    const QString before = std::exchange(m_lastAddress, m_link->address());
    m_trouble.clear();
    m_link->connection()->send({"COMMAND"}, [this](const ClientReply& reply) {
        if (!reply.ok())
            return;
        m_book.readCommands(reply.value);
        Q_EMIT changed();
    });
    m_link->connection()->send({"COMMAND", "DOCS"}, [this](const ClientReply& reply) {
        if (!reply.ok())
            return;
        m_book.readDocs(reply.value);
        Q_EMIT changed();
    });
    if (!before.isEmpty())
        Q_EMIT reconnected(m_lastAddress, before != m_lastAddress);
    Q_EMIT changed();
}

void CommandSession::onDown(const QString& reason)
{
    m_trouble = QStringLiteral("%1: %2").arg(m_lastAddress, reason);
    Q_EMIT changed();
}

QString CommandSession::whyNot(const std::vector<std::string>& arguments) const
{
    if (QString::fromStdString(arguments.front()).compare(QLatin1String("QUOIT.WATCH"), Qt::CaseInsensitive) == 0)
        return tr("QUOIT.WATCH never ends: it is what the pages of this window show. QUOIT.NODES tells it once.");
    if (!m_isReadOnly)
        return {};
    if (m_book.isEmpty())
        return tr("This cluster is set to read only, and hasn't told yet which commands write.");
    const QString why = m_book.whyNotReadOnly(arguments);
    if (why.isEmpty())
        return {};
    return why + QLatin1Char(' ') + (m_whyReadOnly.isEmpty() ? tr("This cluster is set to read only.") : m_whyReadOnly);
}

void CommandSession::run(const std::vector<std::string>& arguments)
{
    if (m_isBusy)
        return;
    m_isBusy = true;
    m_isSent = false;
    m_sinceRun.start();
    const quint64 number = ++m_number;
    // Told later in every case, so that whoever asks has shown the command by then.
    const auto fail = [this, number](const QString& why, bool isRefused) {
        QMetaObject::invokeMethod(
            this,
            [this, number, why, isRefused] {
                if (m_isBusy && number == m_number)
                    finish(ClientReply::notRun(why.toStdString()), isRefused);
            },
            Qt::QueuedConnection);
    };
    Q_EMIT changed();
    if (const QString why = whyNot(arguments); !why.isEmpty())
        return fail(why, true);
    RespConnection* connection = m_link->connection();
    if (!connection)
        return fail(m_trouble.isEmpty() ? tr("Not connected.") : tr("Not connected. %1.").arg(m_trouble), false);
    m_isSent = true;
    connection->send(arguments, [this, number](ClientReply reply) {
        if (m_isBusy && number == m_number)
            finish(std::move(reply));
    });
}

void CommandSession::cancel()
{
    if (!m_isBusy)
        return;
    if (!m_isSent)
        return finish(ClientReply::notRun(lostText().toStdString()));
    const QString address = m_link->address();
    m_link->stop(lostText());
    m_addresses.noteSuccess(address); // it isn't the node's fault
    if (m_hasCluster)
        m_link->start();
}

void CommandSession::finish(ClientReply reply, bool isRefused)
{
    m_isBusy = false;
    Outcome outcome;
    outcome.reply = std::move(reply);
    outcome.microseconds = m_isSent ? m_sinceRun.nsecsElapsed() / 1000 : 0;
    outcome.address = m_link->address();
    outcome.isRefused = isRefused;
    Q_EMIT finished(outcome);
    Q_EMIT changed();
}

} // namespace quoit
