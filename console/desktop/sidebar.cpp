#include "console/desktop/sidebar.h"

#include "console/desktop/drawing.h"

#include <QEvent>
#include <QFontMetricsF>

namespace quoit {

namespace {

constexpr int wide = 188;
constexpr int narrow = 60;
constexpr int markHeight = 60;

} // namespace

SidebarButton::SidebarButton(Workspace& workspace, const QString& text, const QString& iconName, QWidget* parent)
    : QAbstractButton(parent)
    , m_workspace(workspace)
    , m_iconName(iconName)
{
    setText(text);
    setToolTip(text);
    setAccessibleName(text);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAttribute(Qt::WA_Hover);
}

void SidebarButton::setIconName(const QString& name)
{
    m_iconName = name;
    update();
}

void SidebarButton::setHint(const QString& hint)
{
    m_hint = hint;
    update();
}

void SidebarButton::setBadge(int count, StateMark mark)
{
    m_badge = count;
    m_badgeMark = mark;
    setAccessibleName(count > 0 ? tr("%1, %2 new").arg(text()).arg(count) : text());
    update();
}

bool SidebarButton::event(QEvent* event)
{
    if (event->type() == QEvent::HoverEnter || event->type() == QEvent::HoverLeave)
        update();
    return QAbstractButton::event(event);
}

void SidebarButton::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    const QRectF box = QRectF(rect()).adjusted(0.5, 1.5, -0.5, -1.5);
    painter.setPen(hasFocus() ? QPen(theme.accent, 1) : QPen(Qt::NoPen));
    painter.setBrush(isChecked()                   ? QBrush(theme.selection)
                     : underMouse() && isEnabled() ? QBrush(mixed(theme.surface, theme.text, 0.06))
                                                   : QBrush(Qt::NoBrush));
    painter.drawRoundedRect(box, 7, 7);
    const QColor color = !isEnabled() ? theme.disabledText : isChecked() ? theme.accent : theme.mutedText;
    const QPixmap icon = iconPixmap(m_iconName, color, 18, devicePixelRatioF());
    const bool isNarrow = width() < 100;
    const double left = isNarrow ? (width() - 18) / 2.0 : 11;
    painter.drawPixmap(QPointF(left, (height() - 18) / 2.0), icon);
    drawBadge(painter);
    if (isNarrow)
        return;
    const QFont hintFont = fontOf(theme, 11);
    const double hintWidth = m_hint.isEmpty() ? 0 : QFontMetricsF(hintFont).horizontalAdvance(m_hint) + 10;
    const QColor textColor = isEnabled() && isChecked() ? theme.text : color;
    drawText(painter, QRectF(40, 0, width() - 40 - hintWidth - 4, height()), Qt::AlignLeft | Qt::AlignVCenter, text(),
             fontOf(theme, 13, isChecked() ? QFont::DemiBold : QFont::Medium), textColor);
    if (!m_hint.isEmpty())
        drawText(painter, QRectF(width() - hintWidth - 2, 0, hintWidth, height()), Qt::AlignLeft | Qt::AlignVCenter,
                 m_hint, hintFont, theme.mutedText);
}

/// Beside the word, or at the icon's corner where there is only that.
void SidebarButton::drawBadge(QPainter& painter) const
{
    if (m_badge == 0)
        return;
    const Theme& theme = m_workspace.theme();
    const bool isNarrow = width() < 100;
    const QString number = m_badge > 99 ? QStringLiteral("99+") : QString::number(m_badge);
    const QFont font = fontOf(theme, isNarrow ? 10 : 11, QFont::Bold);
    const double high = isNarrow ? 14 : 18;
    const double wide = std::max(high, QFontMetricsF(font).horizontalAdvance(number) + (isNarrow ? 6 : 10));
    const QRectF field = isNarrow ? QRectF(width() - wide - 1, 1, wide, high)
                                  : QRectF(width() - wide - 10, (height() - high) / 2, wide, high);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.state(m_badgeMark));
    painter.drawRoundedRect(field, high / 2, high / 2);
    drawText(painter, field, Qt::AlignCenter, number, font, theme.surface);
}

Sidebar::Sidebar(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_column(new QVBoxLayout(this))
{
    setFixedWidth(wide);
    m_column->setContentsMargins(12, markHeight, 12, 10);
    m_column->setSpacing(2);
    m_column->addStretch(1);
    m_search = new SidebarButton(workspace, tr("Go to…"), QStringLiteral("search"));
    m_search->setHint(tr("Ctrl+K"));
    connect(m_search, &QAbstractButton::clicked, this, &Sidebar::paletteWanted);
    m_theme = new SidebarButton(workspace, {}, {});
    connect(m_theme, &QAbstractButton::clicked, this,
            [this] { m_workspace.setThemeChoice(ThemeChoice((int(m_workspace.themeChoice()) + 1) % 3)); });
    m_leave = new SidebarButton(workspace, tr("Disconnect"), QStringLiteral("power"));
    connect(m_leave, &QAbstractButton::clicked, this, &Sidebar::disconnectWanted);
    for (SidebarButton* button : {m_search, m_theme, m_leave})
        m_column->addWidget(button);
    connect(&workspace, &Workspace::themeChanged, this, [this] {
        showThemeChoice();
        update();
    });
    showThemeChoice();
}

void Sidebar::showThemeChoice()
{
    switch (m_workspace.themeChoice()) {
    case ThemeChoice::Automatic:
        m_theme->setText(tr("Automatic theme"));
        m_theme->setIconName(QStringLiteral("automatic"));
        break;
    case ThemeChoice::Light:
        m_theme->setText(tr("Light theme"));
        m_theme->setIconName(QStringLiteral("sun"));
        break;
    case ThemeChoice::Dark:
        m_theme->setText(tr("Dark theme"));
        m_theme->setIconName(QStringLiteral("moon"));
        break;
    }
    m_theme->setAccessibleName(m_theme->text());
    m_theme->setToolTip(m_theme->accessibleName());
}

void Sidebar::addPage(const Page& page)
{
    auto* button = new SidebarButton(m_workspace, page.title(), page.iconName());
    button->setCheckable(true);
    const int index = int(m_pages.size());
    button->setToolTip(tr("%1 (Ctrl+%2)").arg(page.title()).arg(index + 1));
    connect(button, &QAbstractButton::clicked, this, [this, index] { Q_EMIT pageChosen(index); });
    m_column->insertWidget(index, button);
    m_pages.push_back(button);
}

void Sidebar::setCurrent(int index)
{
    for (int i = 0; i < int(m_pages.size()); ++i)
        m_pages[std::size_t(i)]->setChecked(i == index);
}

void Sidebar::setBadge(int index, int count, StateMark mark)
{
    m_pages[std::size_t(index)]->setBadge(count, mark);
}

void Sidebar::setPagesEnabled(bool isEnabled)
{
    for (SidebarButton* page : m_pages)
        page->setEnabled(isEnabled);
    m_leave->setVisible(isEnabled);
}

void Sidebar::setNarrow(bool isNarrow)
{
    if (m_isNarrow == isNarrow)
        return;
    m_isNarrow = isNarrow;
    setFixedWidth(isNarrow ? narrow : wide);
    m_column->setContentsMargins(isNarrow ? 10 : 12, markHeight, isNarrow ? 10 : 12, 10);
}

void Sidebar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    painter.fillRect(rect(), theme.surface);
    painter.fillRect(QRectF(width() - 1, 0, 1, height()), theme.border);
    const double left = m_isNarrow ? (width() - 26) / 2.0 : 20;
    painter.drawPixmap(QPointF(left, 17), iconPixmap(QStringLiteral("quoit"), theme.text, 26, devicePixelRatioF()));
    if (!m_isNarrow)
        drawText(painter, QRectF(left + 36, 17, width() - left - 40, 26), Qt::AlignLeft | Qt::AlignVCenter,
                 QStringLiteral("Quoit"), fontOf(theme, 18, QFont::Bold), theme.text);
}

} // namespace quoit
