#include "console/desktop/alerts_page.h"

#include "console/desktop/alert_delegate.h"

#include <QButtonGroup>
#include <QDateTime>
#include <QHBoxLayout>
#include <QPainterPath>
#include <QScrollArea>

namespace quoit {

/// A list with nothing in it says so, and what that means.
class AlertsPage::EmptyView : public QWidget
{
public:
    explicit EmptyView(Workspace& workspace)
        : m_workspace(workspace)
    {}

    void setText(bool isWell, const QString& headline, const QString& detail)
    {
        m_isWell = isWell;
        m_headline = headline;
        m_detail = detail;
        setAccessibleName(headline);
        setAccessibleDescription(detail);
        update();
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const Theme& theme = m_workspace.theme();
        const QPointF middle(width() / 2.0, height() / 2.0 - 30);
        if (m_isWell) {
            const QRectF disc(middle - QPointF(28, 52), QSizeF(56, 56));
            painter.setPen(Qt::NoPen);
            painter.setBrush(mixed(theme.surface, theme.up, 0.16));
            painter.drawEllipse(disc);
            QPainterPath tick(disc.topLeft() + QPointF(17.5, 28.5));
            tick.lineTo(disc.topLeft() + QPointF(25, 36));
            tick.lineTo(disc.topLeft() + QPointF(39, 20.5));
            painter.strokePath(tick, QPen(theme.up, 3.4, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        }
        drawText(painter, QRectF(0, middle.y() + 18, width(), 24), Qt::AlignCenter, m_headline,
                 fontOf(theme, 17, QFont::DemiBold), theme.text);
        painter.setFont(fontOf(theme, 13));
        painter.setPen(theme.mutedText);
        const double textWidth = std::min(420.0, width() - 24.0);
        painter.drawText(QRectF((width() - textWidth) / 2, middle.y() + 48, textWidth, 70),
                         Qt::AlignHCenter | Qt::TextWordWrap, m_detail);
    }

private:
    Workspace& m_workspace;
    QString m_headline;
    QString m_detail;
    bool m_isWell = false;
};

AlertsPage::AlertsPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Alerts"), QStringLiteral("alerts"), Time::Shown, parent)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 16, 20, 20);
    column->setSpacing(12);
    column->addWidget(makeBar());
    m_trouble = new Notice;
    column->addWidget(m_trouble);
    m_row = new QHBoxLayout;
    m_row->setSpacing(12);
    m_row->addWidget(makeList(), 11);
    m_side = new QStackedWidget;
    m_details = new AlertDetails(workspace);
    m_rules = new AlertRulesView(workspace);
    m_side->addWidget(m_details);
    m_side->addWidget(m_rules);
    m_row->addWidget(m_side, 10);
    column->addLayout(m_row, 1);
    connect(m_details, &AlertDetails::chartWanted, this, &AlertsPage::chartWanted);
    connect(m_details, &AlertDetails::nodeWanted, this, &AlertsPage::nodeWanted);
    connect(m_details, &AlertDetails::ringWanted, this, &AlertsPage::ringWanted);
    connect(&workspace.alerts(), &AlertBook::changed, this, &AlertsPage::refreshSoon);
    restyle();
}

QWidget* AlertsPage::makeBar()
{
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    auto* which = new QButtonGroup(this);
    const auto choice = [&](const QString& text, const char* name) {
        auto* made = new QPushButton(text);
        made->setObjectName(QLatin1String(name));
        made->setCheckable(true);
        which->addButton(made);
        row->addWidget(made);
        return made;
    };
    m_now = choice(tr("Now"), "alertsNow");
    m_ended = choice(tr("Ended"), "alertsEnded");
    m_now->setChecked(true);
    connect(m_ended, &QPushButton::toggled, this, [this] {
        m_selected = 0;
        refreshSoon();
    });
    row->addStretch(1);
    m_acknowledgeAll = new QPushButton(tr("Acknowledge all"));
    m_acknowledgeAll->setObjectName(QStringLiteral("acknowledgeAll"));
    connect(m_acknowledgeAll, &QPushButton::clicked, this, [this] { m_workspace.alerts().acknowledgeAll(); });
    row->addWidget(m_acknowledgeAll);
    m_showRules = new QPushButton(tr("Rules"));
    m_showRules->setObjectName(QStringLiteral("showRules"));
    m_showRules->setCheckable(true);
    connect(m_showRules, &QPushButton::toggled, this, [this](bool isShown) {
        m_rules->refresh();
        m_side->setCurrentWidget(isShown ? static_cast<QWidget*>(m_rules) : m_details);
    });
    row->addWidget(m_showRules);
    return bar;
}

QWidget* AlertsPage::makeList()
{
    m_listCard = new Card(m_workspace, {});
    m_listCard->body()->setContentsMargins(6, 6, 6, 6);
    m_model = new AlertModel(m_workspace.themes(), this);
    m_list = new QListView;
    m_list->setModel(m_model);
    m_list->setItemDelegate(new AlertDelegate(m_workspace, m_list));
    m_list->setAccessibleName(tr("Alerts"));
    m_list->setSelectionMode(QAbstractItemView::SingleSelection);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setStyleSheet(QStringLiteral("QListView { border: 0; }"));
    m_list->setMinimumHeight(120);
    m_list->viewport()->installEventFilter(this);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        if (const Alert* alert = m_model->at(now.row())) {
            m_selected = alert->number;
            m_showRules->setChecked(false);
        }
        showDetails();
    });
    connect(m_list, &QListView::activated, this, [this] {
        const auto& alert = m_details->alert();
        if (alert && factsOf(alert->subject.rule).metric)
            Q_EMIT chartWanted(*factsOf(alert->subject.rule).metric, alert->subject.node, alert->beganMs);
    });
    m_empty = new EmptyView(m_workspace);
    m_empty->setMinimumHeight(200);
    m_lists = new QStackedWidget;
    m_lists->addWidget(m_list);
    m_lists->addWidget(m_empty);
    m_listCard->body()->addWidget(m_lists);
    return m_listCard;
}

QWidget* AlertsPage::firstField()
{
    return m_list;
}

void AlertsPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_side->setMinimumHeight(isNarrow ? 420 : 0);
}

void AlertsPage::restyle()
{
    m_details->restyle();
}

void AlertsPage::refresh()
{
    m_trouble->say(m_workspace.alerts().trouble());
    const bool isLive = m_workspace.isLive();
    const AlertBook::Then alerts = m_workspace.alertsShown();
    const bool isEnded = m_ended->isChecked();
    m_model->show(isEnded ? alerts.ended : inOrderOfUrgency(alerts.active), isEnded ? alerts.active : alerts.ended,
                  isLive ? QDateTime::currentMSecsSinceEpoch() : m_workspace.shownMs());
    m_now->setText((isLive ? tr("Now (%1)") : tr("Then (%1)")).arg(alerts.active.size()));
    m_ended->setText((isLive ? tr("Ended (%1)") : tr("Ended before (%1)")).arg(alerts.ended.size()));
    const QString whyNot = m_workspace.whyNotChange();
    m_acknowledgeAll->setEnabled(m_workspace.alerts().waitingCount() > 0 && isLive);
    m_acknowledgeAll->setToolTip(whyNot);
    m_rules->setEnabled(isLive);
    m_rules->setToolTip(whyNot);
    const bool isKnown = m_workspace.snapshot().receivedMs > 0;
    const PastMomentPtr& moment = m_workspace.past().moment();
    if (!isEnded && moment && !moment->isListened)
        m_empty->setText(false, m_workspace.snapshot().health.headline, m_workspace.snapshot().health.detail);
    else if (!isLive)
        m_empty->setText(false, isEnded ? tr("Nothing had ended by then") : tr("No alert that is kept went on then"),
                         tr("The last %1 alerts that ended are kept.").arg(AlertBook::endedMax));
    else if (isEnded)
        m_empty->setText(false, tr("Nothing has ended yet"), tr("Alerts that are over are kept here."));
    else if (isKnown)
        m_empty->setText(true, tr("No alerts"), tr("Every rule that is on finds the cluster well."));
    else
        m_empty->setText(false, tr("Waiting for the first report"), tr("The cluster tells its state once a second."));
    m_lists->setCurrentWidget(m_model->rowCount() == 0 ? static_cast<QWidget*>(m_empty) : m_list);
    if (m_selected == 0 && m_model->rowCount() > 0)
        m_selected = m_model->at(0)->number;
    if (const int row = m_model->rowOf(m_selected); row >= 0 && row != m_list->currentIndex().row()) {
        const QSignalBlocker quiet(m_list->selectionModel()); // nobody chose it: the rules stay if they are shown
        m_list->selectionModel()->setCurrentIndex(m_model->index(row), QItemSelectionModel::ClearAndSelect);
        m_list->viewport()->update();
    }
    m_rules->refresh();
    showDetails();
}

void AlertsPage::showDetails()
{
    const Alert* alert = m_model->at(m_model->rowOf(m_selected));
    m_details->show(alert ? std::optional(*alert) : std::nullopt);
}

void AlertsPage::select(quint64 number)
{
    const bool isActive = std::ranges::count(m_workspace.alertsShown().active, number, &Alert::number) > 0;
    setEndedShown(!isActive);
    setRulesShown(false);
    m_selected = number;
    refresh();
}

bool AlertsPage::isEmptyShown() const
{
    return m_lists->currentWidget() == m_empty;
}

void AlertsPage::setEndedShown(bool isEndedShown)
{
    (isEndedShown ? m_ended : m_now)->setChecked(true);
}

void AlertsPage::setRulesShown(bool isShown)
{
    m_showRules->setChecked(isShown);
    if (isShown)
        m_rules->firstField()->setFocus();
}

bool AlertsPage::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_list->viewport() && (event->type() == QEvent::Enter || event->type() == QEvent::Leave)) {
        m_model->setHeld(event->type() == QEvent::Enter);
        if (!m_model->isHeld())
            refreshSoon();
    }
    return Page::eventFilter(watched, event);
}

} // namespace quoit
