#include "console/cluster/plan_request.h"

namespace quoit {

namespace {

using Kind = ChangeStep::Kind;

constexpr Milliseconds newcomerTimeout{8000};
constexpr Milliseconds planDeadline{10'000};

/// As the node reads it back, whatever the locale.
std::string numberWord(double value)
{
    return QString::number(value, 'g', 6).toStdString();
}

Error unavailable(const QString& text)
{
    return {ErrorCode::Unavailable, text.toStdString()};
}

} // namespace

QString wordsOf(const ClientReply& reply)
{
    const QString text = QString::fromStdString(reply.errorText());
    const QString code = QStringLiteral("ERR ");
    return text.startsWith(code) ? text.mid(code.size()) : text;
}

PlanRequest::PlanRequest(ClusterClient& client, std::vector<StagedStep> steps, bool isUnderStrength, QObject* context,
                         ChangeDesk::PlanCallback callback, QObject* parent)
    : QObject(parent)
    , m_client(client)
    , m_steps(std::move(steps))
    , m_isUnderStrength(isUnderStrength)
    , m_context(context)
    , m_callback(std::move(callback))
{
    m_deadline.setSingleShot(true);
    connect(context, &QObject::destroyed, this, &QObject::deleteLater);
}

void PlanRequest::start()
{
    QTimer::singleShot(0, this, &PlanRequest::takeStep);
}

void PlanRequest::takeStep()
{
    if (m_next == m_steps.size())
        return askPlan();
    const StagedStep& step = m_steps[m_next];
    const std::string node = std::to_string(step.node);
    switch (step.kind) {
    case Kind::Join:
        m_arguments.push_back("JOIN");
        return askNewcomer(step.address);
    case Kind::Replace:
        m_arguments.insert(m_arguments.end(), {"REPLACE", node});
        return askNewcomer(step.address);
    case Kind::Leave:
        m_arguments.insert(m_arguments.end(), {"LEAVE", node});
        break;
    case Kind::Remove:
        m_arguments.insert(m_arguments.end(), {"REMOVE", node});
        break;
    case Kind::Weight:
        m_arguments.insert(m_arguments.end(), {"WEIGHT", node, numberWord(step.weight)});
        break;
    case Kind::Zone:
        m_arguments.insert(m_arguments.end(), {"ZONE", node, step.zone.toStdString()});
        break;
    case Kind::Replicas:
        m_arguments.insert(m_arguments.end(), {"REPLICAS", std::to_string(step.replicas)});
        break;
    }
    ++m_next;
    takeStep();
}

void PlanRequest::askNewcomer(const QString& address)
{
    const auto parsed = parseHostPort(address);
    if (!parsed)
        return end(unavailable(tr("%1 isn't host:port, for example 127.0.0.1:7405.").arg(address)));
    RespConnection::Options options;
    options.clientName = "quoit-console-changes";
    options.connectTimeout = newcomerTimeout;
    m_newcomer = std::make_unique<RespConnection>(options);
    connect(m_newcomer.get(), &RespConnection::opened, this, [this, address] {
        m_newcomer->send({"QUOIT.IDENTITY"}, [this, address](const ClientReply& reply) { onIdentity(address, reply); });
    });
    connect(m_newcomer.get(), &RespConnection::closed, this, [this, address](const QString& reason) {
        end(unavailable(tr("The node at %1 can't be asked: %2. Start it, or take this step out and mend its address.").arg(address, reason)));
    });
    m_deadline.disconnect(this);
    connect(&m_deadline, &QTimer::timeout, this,
            [this, address] { end(unavailable(tr("The node at %1 doesn't answer. Start it anew, or take this step out and mend its address.").arg(address))); });
    m_deadline.start(newcomerTimeout);
    m_newcomer->open(*parsed);
}

void PlanRequest::onIdentity(const QString& address, const ClientReply& reply)
{
    if (!reply.ok())
        return end(unavailable(tr("%1: %2").arg(address, wordsOf(reply))));
    const auto read = identityReportFromResp(reply.value);
    if (!read)
        return end(unavailable(tr("%1: %2").arg(address, QString::fromStdString(read.error().message))));
    const IdentityReport& identity = read.value();
    if (identity.node != noNode)
        return end(unavailable(tr("%1 is node %2 of a cluster already; a node joins with an empty data folder.")
                                   .arg(address)
                                   .arg(identity.node)));
    m_arguments.insert(m_arguments.end(), {identity.diskId, identity.name, identity.clientAddress, identity.peerAddress,
                                           identity.httpAddress, identity.zone, numberWord(identity.weight)});
    m_deadline.stop();
    m_newcomer->disconnect(this);
    m_newcomer.release()->deleteLater(); // it is calling us
    ++m_next;
    takeStep();
}

void PlanRequest::askPlan()
{
    if (m_isUnderStrength)
        m_arguments.push_back("UNDER-STRENGTH");
    RequestOptions options;
    options.deadline = planDeadline;
    options.idempotent = true; // a second plan harms nobody
    options.context = this;
    m_client.request(m_arguments, options, [this](const ClientReply& reply) {
        if (!reply.ok())
            return end(unavailable(wordsOf(reply)));
        end(planReportFromResp(reply.value));
    });
}

void PlanRequest::end(const Result<PlanReport>& result)
{
    m_deadline.stop();
    if (m_newcomer) {
        m_newcomer->disconnect(this);
        m_newcomer.release()->deleteLater();
    }
    deleteLater();
    if (m_context && m_callback)
        std::exchange(m_callback, nullptr)(result);
}

} // namespace quoit
