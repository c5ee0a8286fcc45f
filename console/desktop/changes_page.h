// console/desktop/changes_page.h - changes of the ring: put together, planned, applied, followed, and what became of
// earlier ones. All through the workspace's ChangeDesk: the nodes decide, the page shows.
#pragma once

#include "console/desktop/change_plan_view.h"
#include "console/desktop/change_progress_view.h"
#include "console/desktop/change_stage.h"
#include "console/desktop/page.h"

#include <QListView>

namespace quoit {

class ChangesPage : public Page
{
    Q_OBJECT

public:
    explicit ChangesPage(Workspace& workspace, QWidget* parent = nullptr);

    QWidget* firstField() override { return m_stage->firstField(); }
    int narrowBelow() const override { return 920; } ///< a plan beside its steps
    void arrange(bool isNarrow) override;
    ChangeStage* stage() const { return m_stage; }
    /// Asks for a plan of what is staged.
    void plan();
    /// Applies the plan that is shown; nothing happens if it isn't confirmed or stale.
    void apply();
    /// Makes the form ready. @param node chosen already; noNode: none
    void prepare(ChangeStep::Kind kind, NodeId node = noNode);
    bool isPlanShown() const { return m_plan->isVisibleTo(this); }
    bool isChangeShown() const { return m_progress->isVisibleTo(this); }

protected:
    void refresh() override;
    void restyle() override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeEmpty();
    QWidget* makeKept();
    void reveal();
    void onPlanned(const Result<PlanReport>& report);
    void discard();
    void showKept();
    void showEmpty();

    QBoxLayout* m_row;
    QWidget* m_left;
    ChangeStage* m_stage;
    Card* m_kept;
    KeptChangeModel* m_keptModel;
    QListView* m_keptList;
    Notice* m_trouble = nullptr;
    QLabel* m_keptHint;
    ChangeProgressView* m_progress;
    ChangePlanView* m_plan;
    Card* m_empty;
    RingView* m_ring;
    QLabel* m_emptyText;
    std::vector<StagedStep> m_plannedSteps; ///< of the plan that is shown or asked for
    bool m_isPlanning = false;
    quint64 m_request = 0; ///< answers to earlier ones are late
};

} // namespace quoit
