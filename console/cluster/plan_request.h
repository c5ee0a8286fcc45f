// console/cluster/plan_request.h - one request for a plan: asks each newcomer who it is (QUOIT.IDENTITY), then the
// cluster for the plan. Inside this room only.
#pragma once

#include "console/cluster/change_desk.h"
#include "shared/admin/node_report.h"
#include "shared/client/resp_connection.h"

#include <QPointer>

#include <memory>

namespace quoit {

/// A reply's error in the node's own words, without the code that "ERR" is.
QString wordsOf(const ClientReply& reply);

/// Deletes itself after the callback.
class PlanRequest : public QObject
{
    Q_OBJECT

public:
    /// @param client must outlive this. @param context without it there is no callback
    PlanRequest(ClusterClient& client, std::vector<StagedStep> steps, bool isUnderStrength, QObject* context,
                ChangeDesk::PlanCallback callback, QObject* parent);

    void start();

private:
    void takeStep();
    void askNewcomer(const QString& address);
    void onIdentity(const QString& address, const ClientReply& reply);
    void askPlan();
    void end(const Result<PlanReport>& result);

    ClusterClient& m_client;
    const std::vector<StagedStep> m_steps;
    const bool m_isUnderStrength;
    QPointer<QObject> m_context;
    ChangeDesk::PlanCallback m_callback;
    std::size_t m_next = 0; ///< of the steps
    std::vector<std::string> m_arguments{"QUOIT.PLAN"};
    std::unique_ptr<RespConnection> m_newcomer;
    QTimer m_deadline; ///< for one newcomer's answer
};

} // namespace quoit
