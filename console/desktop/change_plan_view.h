// console/desktop/change_plan_view.h - a plan: the ring before and after, what moves, the risks, and the way to apply
// it.
#pragma once

#include "console/cluster/change_desk.h"
#include "console/desktop/cards.h"
#include "console/desktop/change_models.h"
#include "console/desktop/ring_view.h"

#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>

#include <vector>

namespace quoit {

class ChangePlanView : public Card
{
    Q_OBJECT

public:
    explicit ChangePlanView(Workspace& workspace, QWidget* parent = nullptr);

    /// @param steps that the plan was made of: those that give up data are to be confirmed by name
    /// @param before the map that it starts from; null: not known
    void showPlan(const PlanReport& plan, const std::vector<StagedStep>& steps, const ClusterMapPtr& before);
    const PlanReport& plan() const { return m_plan; }
    /// Shows how the nodes are now.
    void refresh();
    /// @param epoch of the ring as it is. Once the plan's has passed it can't be applied any more.
    void setEpoch(Epoch epoch);
    bool isStale() const { return m_isStale; }
    /// Confirmed, not stale, and not being applied.
    bool isReady() const { return m_apply->isEnabled(); }
    /// While the node is asked to apply it.
    void setBusy(bool isBusy);
    /// @param text why it wasn't applied, in the node's words; empty: nothing to say
    void setProblem(const QString& text);
    void restyle();

Q_SIGNALS:
    void applyWanted();
    void planAgainWanted();
    void discardWanted();

private:
    enum Figure { Moves, Data, Time, Busiest, Zones, figureCount };

    QLayout* makeRings();
    QLayout* makeFigures();
    QWidget* makeNotice();
    QLayout* makeFoot();
    void showRings(const ClusterMapPtr& before, const ClusterMapPtr& after);
    void showFigures(const ClusterMapPtr& before, const ClusterMapPtr& after);
    void showRisks();
    void askForNames(const std::vector<StagedStep>& steps);
    void updateState();

    PlanReport m_plan;
    bool m_isStale = false;
    bool m_isBusy = false;
    QLabel* m_text;
    QWidget* m_notice;
    QLabel* m_noticeText;
    RingView* m_before;
    RingView* m_after;
    QLabel* m_marksNote; ///< what the marked stretches are
    QLabel* m_figures[figureCount];
    PlanNodeModel* m_model;
    QTableView* m_table;
    QLabel* m_risks;
    QVBoxLayout* m_names;
    std::vector<std::pair<QString, QLineEdit*>> m_confirmations; ///< name, where it is to be typed
    QPushButton* m_apply;
    QLabel* m_problem;
};

} // namespace quoit
