// console/desktop/local_node_actions.h - adds and removes nodes of this machine's cluster with one click each: a
// process and a plan, confirmed in one short question. The same plans as the Changes page's.
#pragma once

#include "console/desktop/workspace.h"

#include <QObject>
#include <QPointer>

namespace quoit {

class LocalNodeActions : public QObject
{
    Q_OBJECT

public:
    /// @param workspace and window must outlive this; the window is asked over
    LocalNodeActions(Workspace& workspace, QWidget& window);

    /// Whether the cluster that is looked at runs on this machine, from this console.
    bool isLocal() const;
    /// Why no node can be added now, for people; empty: it can.
    QString whyNotAdd() const;
    /// Likewise for removing this one.
    QString whyNotRemove(NodeId node) const;

    /// Starts a node, plans that it joins, asks, applies.
    void add();
    /// Plans that it leaves (or is removed, if it is down), asks, applies. Its process ends when the change is done.
    void remove(NodeId node);

    /// What is being done, or how it ended; empty: nothing yet.
    const QString& note() const { return m_note; }

Q_SIGNALS:
    /// note(), or what can be done.
    void changed();

private:
    /// What is under way; one at a time.
    enum class Stage { Idle, Starting, Planning, Asking, Applying, Changing };

    void setStage(Stage stage, const QString& note);
    void onProcessChanged();
    void planJoin();
    void onJoinPlanned(const Result<PlanReport>& plan);
    void onLeavePlanned(const Result<PlanReport>& plan, const QString& name);
    void ask(const QString& title, const PlanReport& plan, bool isRemoval);
    void apply(quint64 number);
    void giveUp(const QString& note);
    void follow();

    Workspace& m_workspace;
    QWidget& m_window;
    Stage m_stage = Stage::Idle;
    QString m_note;
    QString m_name;                   ///< of the node that it is about
    QPointer<NodeProcess> m_newcomer; ///< null while one is removed
    Epoch m_plannedEpoch = 0;
};

/// "Moves 25.1 %, about 566 kB, takes 5 s or so. Busiest node: 1.01 → 1.00 of its fair share."
QString planLine(const PlanReport& plan);

} // namespace quoit
