#include "console/desktop/changes_page.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QScrollBar>
#include <QTimer>

namespace quoit {

namespace {

constexpr int leftWidth = 330;

} // namespace

ChangesPage::ChangesPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Changes"), QStringLiteral("changes"), Time::Present, parent)
{
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(20, 16, 20, 20);
    m_row->setSpacing(12);
    m_left = new QWidget;
    auto* left = new QVBoxLayout(m_left);
    left->setContentsMargins(0, 0, 0, 0);
    left->setSpacing(12);
    m_stage = new ChangeStage(workspace);
    left->addWidget(m_stage);
    left->addWidget(makeKept());
    m_row->addWidget(m_left);
    auto* right = new QVBoxLayout;
    right->setSpacing(12);
    m_progress = new ChangeProgressView(workspace);
    m_progress->hide();
    m_plan = new ChangePlanView(workspace);
    m_plan->hide();
    right->addWidget(m_progress);
    right->addWidget(m_plan, 1);
    right->addWidget(makeEmpty(), 1);
    right->addStretch(0);
    m_row->addLayout(right, 1);

    connect(m_stage, &ChangeStage::planWanted, this, &ChangesPage::plan);
    connect(m_stage, &ChangeStage::stepsChanged, this, [this] {
        if (m_stage->steps() != m_plannedSteps)
            discard(); // it would be about something else
    });
    connect(m_stage, &ChangeStage::underStrengthChanged, this, &ChangesPage::discard);
    connect(m_plan, &ChangePlanView::applyWanted, this, &ChangesPage::apply);
    connect(m_plan, &ChangePlanView::planAgainWanted, this, &ChangesPage::plan);
    connect(m_plan, &ChangePlanView::discardWanted, this, &ChangesPage::discard);
    connect(&workspace.changes(), &ChangeDesk::changed, this, &ChangesPage::refreshSoon);
    connect(&workspace.changeLog(), &ChangeLog::changed, this, &ChangesPage::refreshSoon);
    connect(&workspace, &Workspace::readOnlyChanged, this, &ChangesPage::refreshSoon);
    restyle();
    arrange(false);
}

QWidget* ChangesPage::makeKept()
{
    m_kept = new Card(m_workspace, tr("Earlier changes"));
    m_kept->setNote(tr("seen from here"));
    m_keptModel = new KeptChangeModel(m_workspace.themes(), this);
    m_keptList = new QListView;
    m_keptList->setModel(m_keptModel);
    m_keptList->setAccessibleName(tr("Earlier changes"));
    m_keptList->setWordWrap(true);
    m_keptList->setSelectionMode(QAbstractItemView::SingleSelection);
    m_keptList->setStyleSheet(QStringLiteral("QListView { border: 0; }"));
    m_keptList->setMinimumHeight(90);
    m_keptHint = new QLabel(tr("Changes that begin or end while this console is connected are kept here."));
    m_keptHint->setWordWrap(true);
    m_keptHint->setForegroundRole(QPalette::PlaceholderText);
    m_trouble = new Notice;
    m_kept->body()->addWidget(m_trouble);
    m_kept->body()->addWidget(m_keptHint);
    m_kept->body()->addWidget(m_keptList, 1);
    m_kept->body()->addStretch(0);
    return m_kept;
}

QWidget* ChangesPage::makeEmpty()
{
    m_empty = new Card(m_workspace, {});
    m_ring = new RingView(m_workspace.themes());
    m_ring->setLegendVisible(false);
    m_ring->setReducedMotion(m_workspace.isMotionReduced());
    m_ring->setMinimumSize(260, 260);
    m_ring->setHint(tr("No ring yet"), tr("It appears as soon as a node tells it."));
    m_emptyText = new QLabel;
    m_emptyText->setAlignment(Qt::AlignCenter);
    m_emptyText->setWordWrap(true);
    m_empty->body()->addWidget(m_ring, 1);
    m_empty->body()->addWidget(m_emptyText);
    return m_empty;
}

void ChangesPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    // In one column the plan comes first, and what is past last.
    if (isNarrow)
        m_row->addWidget(m_kept);
    else
        m_left->layout()->addWidget(m_kept);
    m_left->setMinimumWidth(isNarrow ? 0 : leftWidth);
    m_left->setMaximumWidth(isNarrow ? QWIDGETSIZE_MAX : leftWidth);
}

void ChangesPage::restyle()
{
    m_stage->restyle();
    m_plan->restyle();
    m_progress->restyle();
}

void ChangesPage::showEvent(QShowEvent* event)
{
    m_workspace.changes().setWatched(true);
    Page::showEvent(event);
}

void ChangesPage::hideEvent(QHideEvent* event)
{
    m_workspace.changes().setWatched(false);
    Page::hideEvent(event);
}

void ChangesPage::refresh()
{
    const QString whyNot = m_workspace.whyNotChange();
    for (QWidget* each : {static_cast<QWidget*>(m_stage), static_cast<QWidget*>(m_plan), static_cast<QWidget*>(m_progress)}) {
        each->setEnabled(whyNot.isEmpty());
        each->setToolTip(whyNot);
    }
    m_stage->refresh();
    m_progress->setVisible(m_progress->refresh());
    const ClusterMapPtr& map = m_workspace.live().map;
    if (map && isPlanShown()) {
        m_plan->setEpoch(map->epoch());
        m_plan->refresh();
    }
    showKept();
    showEmpty();
}

void ChangesPage::showKept()
{
    m_trouble->say(m_workspace.changeLog().trouble());
    const ClusterMapPtr& map = m_workspace.live().map;
    std::vector<KeptChange> kept = map ? m_workspace.changeLog().of(map->clusterId()) : std::vector<KeptChange>();
    const bool isEmpty = kept.empty();
    const auto key = [](const KeptChange& each) { return std::tuple(each.number, each.outcome, each.bytes); };
    // A list that is built anew would lose its selection and its place.
    if (!std::ranges::equal(kept, m_keptModel->changes(), {}, key, key))
        m_keptModel->show(std::move(kept));
    m_keptHint->setVisible(isEmpty);
    m_keptList->setVisible(!isEmpty);
}

void ChangesPage::showEmpty()
{
    const bool isEmpty = !isPlanShown() && !isChangeShown();
    m_empty->setVisible(isEmpty);
    if (!isEmpty)
        return;
    const ClusterSnapshot& snapshot = m_workspace.live();
    m_ring->setSnapshot(snapshot);
    m_ring->setCaption(snapshot.map ? countedNodes(*snapshot.map) : QString(),
                       snapshot.map ? countedReplicas(*snapshot.map) +
                                          tr("\nof %1 partitions").arg(snapshot.map->partitionCount())
                                    : QString());
    const QString& trouble = m_workspace.changes().trouble();
    m_emptyText->setText(m_isPlanning ? tr("Asking for the plan…")
                         : !trouble.isEmpty()
                             ? tr("The node doesn't tell about changes: %1").arg(trouble)
                             : tr("No change is planned or in progress.\nAdd a step and press Plan: you "
                                  "see what it comes to before anything happens."));
}

void ChangesPage::prepare(ChangeStep::Kind kind, NodeId node)
{
    m_stage->prepare(kind, node);
}

void ChangesPage::plan()
{
    if (m_stage->steps().empty() || m_isPlanning)
        return;
    m_plannedSteps = m_stage->steps();
    m_isPlanning = true;
    m_stage->setBusy(true);
    m_stage->setProblem({});
    m_plan->hide();
    showEmpty();
    const quint64 request = ++m_request;
    const auto take = [this, request](const Result<PlanReport>& report) {
        if (request == m_request)
            onPlanned(report);
    };
    m_workspace.changes().plan(m_plannedSteps, this, take, m_stage->isUnderStrength());
}

void ChangesPage::onPlanned(const Result<PlanReport>& report)
{
    m_isPlanning = false;
    m_stage->setBusy(false);
    if (report.ok())
        m_plan->showPlan(report.value(), m_plannedSteps, m_workspace.live().map);
    else
        m_stage->setProblem(QString::fromStdString(report.error().message));
    refreshSoon();
    if (report.ok())
        QTimer::singleShot(0, this, &ChangesPage::reveal); // once it has its place
}

/// Where steps and plan don't fit into the window together, the page scrolls to the plan.
void ChangesPage::reveal()
{
    QWidget* viewport = parentWidget();
    auto* scroll = viewport ? qobject_cast<QScrollArea*>(viewport->parentWidget()) : nullptr;
    if (!scroll || !isPlanShown() || m_plan->visibleRegion().boundingRect().size() == m_plan->size())
        return;
    scroll->verticalScrollBar()->setValue(m_plan->mapTo(this, QPoint()).y() - spacing::large);
}

void ChangesPage::discard()
{
    ++m_request;
    m_plannedSteps.clear();
    m_isPlanning = false;
    m_stage->setBusy(false);
    m_plan->hide();
    refreshSoon();
}

void ChangesPage::apply()
{
    if (!isPlanShown() || !m_plan->isReady() || !m_workspace.isLive())
        return;
    m_plan->setBusy(true);
    m_plan->setProblem({});
    const quint64 request = ++m_request;
    m_workspace.changes().apply(m_plan->plan().number, this, [this, request](const QString& problem) {
        if (request != m_request)
            return;
        m_plan->setBusy(false);
        m_plan->setProblem(problem);
        if (!problem.isEmpty())
            return;
        m_plannedSteps.clear();
        m_stage->clear();
        discard();
    });
}

} // namespace quoit
