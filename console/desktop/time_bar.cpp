#include "console/desktop/time_bar.h"

#include "console/desktop/drawing.h"

#include <QHBoxLayout>

namespace quoit {

namespace {

constexpr int narrowBelow = 560;

} // namespace

TimeBar::TimeBar(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_track(new TimeTrack(workspace))
    , m_text(new QLabel)
{
    setObjectName(QStringLiteral("timeBar"));
    setAccessibleName(tr("Time"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(14, 2, 14, 2);
    row->setSpacing(4);
    const auto button = [&](const QString& text, const char* name, const QString& tip, auto handler) {
        auto* made = new QPushButton(text);
        made->setObjectName(QLatin1String(name));
        made->setToolTip(tip);
        made->setAccessibleName(tip);
        connect(made, &QPushButton::clicked, this, handler);
        return made;
    };
    m_before = button(QStringLiteral("‹"), "markBefore", tr("To the event before (Ctrl+[)"), [this] { goToMark(false); });
    m_after = button(QStringLiteral("›"), "markAfter", tr("To the next event (Ctrl+])"), [this] { goToMark(true); });
    for (QPushButton* each : {m_before, m_after}) {
        each->setProperty("kind", QStringLiteral("quiet"));
        each->setStyleSheet(QStringLiteral("QPushButton { padding: 0 0 3px 0; }"));
        each->setFixedSize(32, 30);
        row->addWidget(each);
    }
    row->addWidget(m_track, 1);
    m_text->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    row->addSpacing(6);
    row->addWidget(m_text);
    connect(&workspace.past(), &Past::moved, this, &TimeBar::refresh);
    connect(&workspace.past(), &Past::shown, this, &TimeBar::refresh);
    connect(&workspace.past(), &Past::timelineChanged, this, &TimeBar::refresh);
    connect(&workspace, &Workspace::themeChanged, this, &TimeBar::restyle);
    restyle();
}

void TimeBar::goToMark(bool isForward)
{
    if (const auto ms = m_track->markFrom(isForward))
        m_workspace.past().go(*ms);
}

void TimeBar::restyle()
{
    m_text->setFont(m_workspace.theme().strong);
    for (QPushButton* each : {m_before, m_after})
        each->setFont(fontOf(m_workspace.theme(), 20, QFont::Medium));
    refresh();
}

void TimeBar::refresh()
{
    const bool isLive = m_workspace.isLive();
    m_text->setText(isLive ? tr("Live") : momentText(m_workspace.shownMs()));
    QPalette palette = m_text->palette();
    palette.setColor(QPalette::WindowText, isLive ? m_workspace.theme().up : m_workspace.theme().suspect);
    m_text->setPalette(palette);
    m_text->setMinimumWidth(isLive || width() < narrowBelow ? 0 : QFontMetrics(m_text->font()).horizontalAdvance(
                                                                      QStringLiteral("Wed 28 Nov, 00:00:00")));
    m_before->setEnabled(m_track->markFrom(false).has_value());
    m_after->setEnabled(m_track->markFrom(true).has_value());
    update();
}

void TimeBar::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    refresh();
}

void TimeBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_workspace.theme();
    painter.fillRect(rect(), m_workspace.isLive() ? theme.surface : theme.warningSurface);
    painter.fillRect(QRect(0, 0, width(), 1), m_workspace.isLive() ? theme.border : theme.suspect);
}

PastBand::PastBand(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_icon(new QLabel)
    , m_text(new QLabel)
{
    setObjectName(QStringLiteral("pastBand"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(20, 5, 14, 5);
    row->setSpacing(10);
    m_text->setWordWrap(true);
    m_live = new QPushButton(tr("Back to now"));
    m_live->setObjectName(QStringLiteral("backToLive"));
    m_live->setToolTip(tr("Show the cluster as it is now (Ctrl+0)"));
    connect(m_live, &QPushButton::clicked, this, [this] { m_workspace.past().goLive(); });
    row->addWidget(m_icon);
    row->addWidget(m_text, 1);
    row->addWidget(m_live);
    connect(&workspace.past(), &Past::moved, this, &PastBand::refresh);
    connect(&workspace.past(), &Past::shown, this, &PastBand::refresh);
    connect(&workspace, &Workspace::themeChanged, this, &PastBand::restyle);
    restyle();
}

void PastBand::setPage(const Page* page)
{
    m_page = page;
    refresh();
}

void PastBand::restyle()
{
    m_icon->setPixmap(iconPixmap(QStringLiteral("clock"), m_workspace.theme().suspect, 18, devicePixelRatioF()));
    m_text->setFont(m_workspace.theme().strong);
    refresh();
}

void PastBand::refresh()
{
    setVisible(!m_workspace.isLive());
    if (m_workspace.isLive())
        return;
    const qint64 ms = m_workspace.shownMs();
    const PastMomentPtr& moment = m_workspace.past().moment();
    if (m_page && m_page->time() == Page::Time::Present) {
        m_text->setText(tr("%1 has no past: this is now. Nothing can be changed while the past is shown.").arg(m_page->title()));
    } else {
        QString text = tr("The past: %1, %2").arg(momentText(ms), ageText(m_workspace.history().lastMs() - ms));
        if (moment && moment->isListened && moment->stepSeconds > 1)
            text += tr("; figures are the highest of %1").arg(durationText(moment->stepSeconds * qint64(1000)));
        m_text->setText(text + tr(". Nothing can be changed here."));
    }
    setAccessibleName(m_text->text());
}

void PastBand::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_workspace.theme();
    painter.fillRect(rect(), theme.warningSurface);
    painter.fillRect(QRect(0, 0, width(), 3), theme.suspect);
    painter.fillRect(QRect(0, height() - 1, width(), 1), mixed(theme.warningSurface, theme.suspect, 0.5));
}

} // namespace quoit
