#include "console/desktop/alert_details.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QMenu>

namespace quoit {

namespace {

constexpr qint64 chartBeforeMs = 2 * 60'000; ///< of an alert's begin
constexpr qint64 chartSpanMinMs = 5 * 60'000;
constexpr qint64 minuteMs = 60'000;

} // namespace

AlertDetails::AlertDetails(Workspace& workspace, QWidget* parent)
    : Card(workspace, {}, parent)
{
    setAccessibleName(tr("Alert"));
    const auto label = [this](const char* name) {
        auto* made = new QLabel;
        made->setObjectName(QLatin1String(name));
        made->setWordWrap(true);
        made->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        made->setFocusPolicy(Qt::NoFocus);
        body()->addWidget(made);
        return made;
    };
    m_title = label("alertTitle");
    m_facts = label("alertFacts");
    m_facts->setForegroundRole(QPalette::PlaceholderText);
    m_advice = label("alertAdvice");
    m_actions = makeActions();
    body()->addWidget(m_actions);
    m_chartPlace = new QWidget;
    m_chartPlace->setMinimumHeight(170);
    m_chartPlace->setMaximumHeight(300);
    auto* place = new QVBoxLayout(m_chartPlace);
    place->setContentsMargins(0, 6, 0, 0);
    body()->addWidget(m_chartPlace, 1);
    m_empty = new QLabel(tr("What broke, since when, and what to do about it is shown here."));
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    body()->addWidget(m_empty, 1);
    body()->addStretch(0);
    restyle();
    show({});
}

QWidget* AlertDetails::makeActions()
{
    auto* widget = new QWidget;
    auto* row = new QHBoxLayout(widget);
    row->setContentsMargins(0, 4, 0, 4);
    row->setSpacing(8);
    const auto button = [&](const QString& text, const char* name, auto handler) {
        auto* made = new QPushButton(text);
        made->setObjectName(QLatin1String(name));
        connect(made, &QPushButton::clicked, this, handler);
        row->addWidget(made);
        return made;
    };
    m_acknowledge = button(tr("&Acknowledge"), "acknowledge", [this] {
        if (m_alert)
            m_workspace.alerts().acknowledge(m_alert->number);
    });
    m_snooze = button(tr("&Snooze"), "snooze", [] {});
    auto* menu = new QMenu(m_snooze);
    const auto span = [&](const QString& text, qint64 ms) { menu->addAction(text, this, [this, ms] { snoozeFor(ms); }); };
    span(tr("For 15 minutes"), 15 * minuteMs);
    span(tr("For 1 hour"), 60 * minuteMs);
    span(tr("For 8 hours"), 8 * 60 * minuteMs);
    span(tr("For 1 day"), 24 * 60 * minuteMs);
    menu->addSeparator();
    menu->addAction(tr("Wake"), this, [this] { snoozeFor(0); });
    connect(menu, &QMenu::aboutToShow, this,
            [this, menu] { menu->actions().last()->setEnabled(m_alert && m_alert->snoozedUntilMs > 0); });
    m_snooze->setMenu(menu);
    m_snooze->setProperty("menu", true); // room for its arrow
    m_toChart = button(tr("Show &chart"), "toChart", [this] {
        if (m_alert && m_chartMetric)
            Q_EMIT chartWanted(*m_chartMetric, m_alert->subject.node, m_alert->beganMs);
    });
    m_toNode = button(tr("Show &node"), "toNode", [this] {
        if (m_alert)
            Q_EMIT nodeWanted(m_alert->subject.node);
    });
    m_toRing = button(tr("Show &ring"), "toRing", [this] {
        if (m_alert)
            Q_EMIT ringWanted(m_alert->subject.key);
    });
    row->addStretch(1);
    return widget;
}

void AlertDetails::snoozeFor(qint64 ms)
{
    if (m_alert)
        m_workspace.alerts().snooze(m_alert->number, ms > 0 ? QDateTime::currentMSecsSinceEpoch() + ms : 0);
}

void AlertDetails::restyle()
{
    m_title->setFont(fontOf(m_workspace.theme(), 17, QFont::DemiBold));
}

void AlertDetails::show(const std::optional<Alert>& alert)
{
    m_alert = alert;
    for (QWidget* each : std::initializer_list<QWidget*>{m_title, m_facts, m_advice, m_actions})
        each->setVisible(alert.has_value());
    m_empty->setVisible(!alert);
    if (!alert) {
        m_chartMetric.reset();
        showChart();
        return;
    }
    const AlertRule rule = alert->subject.rule;
    m_title->setText(alertText(*alert));
    m_facts->setText(facts());
    m_advice->setText(alertAdvice(rule));
    m_chartMetric = factsOf(rule).metric;
    const bool isMember = m_workspace.snapshot().node(alert->subject.node) != nullptr;
    const bool isLive = m_workspace.isLive();
    m_acknowledge->setEnabled(alert->isActive() && alert->acknowledgedMs == 0 && isLive);
    m_snooze->setEnabled(alert->isActive() && isLive);
    for (QPushButton* button : {m_acknowledge, m_snooze})
        button->setToolTip(m_workspace.whyNotChange());
    m_toChart->setVisible(m_chartMetric.has_value());
    m_toNode->setVisible(isMember);
    m_toRing->setVisible(alert->subject.node == noNode || rule == AlertRule::Imbalance);
    showChart();
}

QString AlertDetails::facts() const
{
    const AlertRule rule = m_alert->subject.rule;
    QStringList lines{alertStateText(*m_alert),
                      alertTimeText(*m_alert, m_workspace.isLive() ? QDateTime::currentMSecsSinceEpoch() : m_workspace.shownMs())};
    if (const QString bound = alertBoundText(*m_alert); !bound.isEmpty())
        lines << bound + QStringLiteral(", ") + tr("at worst %1").arg(alertFigureText(rule, m_alert->worst));
    return lines.join(QStringLiteral("\n"));
}

/// The minutes about its begin; as long as it lasts, up to now.
void AlertDetails::showChart()
{
    if (!m_chartMetric) {
        delete m_chart;
        m_chart = nullptr;
    } else if (!m_chart || m_chart->metric() != *m_chartMetric) {
        delete m_chart;
        m_chart = new TimeSeriesView(m_workspace, metricTitle(*m_chartMetric), *m_chartMetric, unitOf(*m_chartMetric));
        m_chartPlace->layout()->addWidget(m_chart);
    }
    m_chartPlace->setVisible(m_chart != nullptr);
    if (!m_chart)
        return;
    const qint64 end = m_alert->isActive() ? m_workspace.shownMs() : m_alert->endedMs + chartBeforeMs;
    qint64 begin = std::min(m_alert->beganMs - chartBeforeMs, end - chartSpanMinMs);
    // Of what was before the first report, half a minute.
    begin = std::max(begin, std::min(m_workspace.history().firstMs(), m_alert->beganMs) - 30'000);
    ChartRange range;
    range.range = {std::max(begin, end - 3'600'000), std::max(end, begin + 1000)};
    m_workspace.history().look(range.range);
    range.node = m_alert->subject.node;
    m_chart->show(range);
}

} // namespace quoit
