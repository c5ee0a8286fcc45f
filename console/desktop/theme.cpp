#include "console/desktop/theme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QPainter>
#include <QPainterPath>
#include <QPixmap>
#include <QStyle>
#include <QStyleFactory>

#include <algorithm>
#include <array>
#include <cmath>

namespace quoit {

namespace {

// Okabe and Ito, "Color Universal Design" (2008), in the order of the console's design; the yellows and light blues are
// darkened on white, the dark blue lightened on near-black, until each has 3 : 1.
constexpr std::array<QRgb, 7> seriesOnLight = {0xff0072b2, 0xffc98500, 0xff009373, 0xffc2609a,
                                               0xff3399d6, 0xffd55e00, 0xff978600};
constexpr std::array<QRgb, 7> seriesOnDark = {0xff3d9be0, 0xffe69f00, 0xff1fb98c, 0xffd88bb5,
                                              0xff7cc8f5, 0xffee7733, 0xfff0e442};

// Viridis (van der Walt, Smith, 2015), every sixteenth of its range.
constexpr std::array<QRgb, 17> viridis = {0xff440154, 0xff481a6c, 0xff472f7d, 0xff414487, 0xff39568c, 0xff31688e,
                                          0xff2a788e, 0xff23888e, 0xff1f988b, 0xff22a884, 0xff35b779, 0xff54c568,
                                          0xff7ad151, 0xffa5db36, 0xffd2e21b, 0xffe9e51a, 0xfffde725};

QColor viridisAt(double value)
{
    const double place = std::clamp(value, 0.0, 1.0) * double(viridis.size() - 1);
    const auto index = std::min(std::size_t(place), viridis.size() - 2);
    return mixed(QColor(viridis[index]), QColor(viridis[index + 1]), place - double(index));
}

/// The first family that is there. Inter is made for screens; DejaVu comes with the console's package.
QString familyOf(std::initializer_list<const char*> wanted, QFontDatabase::SystemFont fallback)
{
    const QStringList families = QFontDatabase::families();
    for (const char* family : wanted) {
        if (families.contains(QLatin1String(family)))
            return QLatin1String(family);
    }
    return QFontDatabase::systemFont(fallback).family();
}

QFont fontOf(const QString& family, double pointSize, QFont::Weight weight)
{
    QFont font(family);
    font.setPointSizeF(pointSize);
    font.setWeight(weight);
    return font;
}

void addFonts(Theme& theme)
{
    const QString family = familyOf({"Inter", "Noto Sans", "DejaVu Sans"}, QFontDatabase::GeneralFont);
    const QString mono = familyOf({"JetBrains Mono", "Noto Sans Mono", "DejaVu Sans Mono"}, QFontDatabase::FixedFont);
    // DejaVu Sans is as wide at 9 points as others are at 10, and its only heavier weight is bold.
    const bool isWide = family == QLatin1String("DejaVu Sans");
    const double base = isWide ? 9.25 : 10;
    const QFont::Weight heavy = isWide ? QFont::Bold : QFont::DemiBold;
    theme.body = fontOf(family, base, QFont::Normal);
    theme.small = fontOf(family, base * 0.88, QFont::Normal);
    theme.strong = fontOf(family, base, heavy);
    theme.title = fontOf(family, base * 1.1, heavy);
    theme.heading = fontOf(family, base * 1.7, heavy);
    theme.figure = fontOf(family, base * 2.3, isWide ? QFont::Normal : QFont::Medium);
    theme.mono = fontOf(mono, base * 0.97, QFont::Normal);
    theme.mono.setStyleHint(QFont::Monospace);
}

void paintUp(QPainter& painter, const QRectF& box)
{
    painter.setPen(Qt::NoPen);
    const double inset = box.width() * 0.12;
    painter.drawEllipse(box.adjusted(inset, inset, -inset, -inset));
}

void paintSuspect(QPainter& painter, const QRectF& box)
{
    painter.setPen(QPen(painter.brush(), box.width() * 0.12, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    QPolygonF triangle;
    triangle << QPointF(box.center().x(), box.top() + box.height() * 0.14)
             << QPointF(box.right() - box.width() * 0.1, box.bottom() - box.height() * 0.16)
             << QPointF(box.left() + box.width() * 0.1, box.bottom() - box.height() * 0.16);
    painter.drawPolygon(triangle);
}

void paintDown(QPainter& painter, const QRectF& box)
{
    painter.setPen(QPen(painter.brush(), box.width() * 0.22, Qt::SolidLine, Qt::RoundCap));
    const double inset = box.width() * 0.22;
    const QRectF cross = box.adjusted(inset, inset, -inset, -inset);
    painter.drawLine(cross.topLeft(), cross.bottomRight());
    painter.drawLine(cross.topRight(), cross.bottomLeft());
}

void paintJoining(QPainter& painter, const QRectF& box)
{
    const QBrush fill = painter.brush();
    const double width = box.width() * 0.13;
    const double inset = box.width() * 0.12 + width / 2;
    const QRectF circle = box.adjusted(inset, inset, -inset, -inset);
    painter.setPen(Qt::NoPen);
    painter.drawPie(circle, 90 * 16, 180 * 16);
    painter.setPen(QPen(fill, width));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(circle);
}

void paintUnknown(QPainter& painter, const QRectF& box)
{
    const double width = box.width() * 0.13;
    const double inset = box.width() * 0.12 + width / 2;
    const QRectF circle = box.adjusted(inset, inset, -inset, -inset);
    QPen pen(painter.brush(), width, Qt::CustomDashLine, Qt::FlatCap);
    // Eight dashes on the circle; dash lengths are in pen widths.
    const double dash = M_PI * circle.width() / width / 16;
    pen.setDashPattern({dash, dash});
    painter.setPen(pen);
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(circle);
}

} // namespace

StateMark markOf(NodeState state)
{
    switch (state) {
    case NodeState::Up:
        return StateMark::Up;
    case NodeState::Suspect:
        return StateMark::Suspect;
    case NodeState::Down:
        return StateMark::Down;
    case NodeState::Waiting:
        return StateMark::Joining;
    case NodeState::Unknown:
        break;
    }
    return StateMark::Unknown;
}

QString wordOf(StateMark mark)
{
    switch (mark) {
    case StateMark::Up:
        return QObject::tr("up");
    case StateMark::Suspect:
        return QObject::tr("suspect");
    case StateMark::Down:
        return QObject::tr("down");
    case StateMark::Joining:
        return QObject::tr("joining");
    case StateMark::Unknown:
        break;
    }
    return QObject::tr("unknown");
}

Theme Theme::light()
{
    Theme theme;
    theme.background = QColor(0xf3f5f8);
    theme.surface = QColor(0xffffff);
    theme.surfaceRaised = QColor(0xffffff);
    theme.border = QColor(0xdde2e9);
    theme.borderStrong = QColor(0x838fa0);
    theme.text = QColor(0x17212e);
    theme.mutedText = QColor(0x566476);
    theme.disabledText = QColor(0x9aa5b3);
    theme.accent = QColor(0x1f5fd0);
    theme.accentText = QColor(0xffffff);
    theme.focus = QColor(0x1f5fd0);
    theme.selection = QColor(0xdbe7fb);
    theme.selectionText = QColor(0x17212e);
    theme.hover = QColor(0xeef1f5);
    theme.up = QColor(0x0b7a53);
    theme.suspect = QColor(0x9a5b00);
    theme.down = QColor(0xc4262e);
    theme.joining = QColor(0x2465b8);
    theme.unknown = QColor(0x5f6b7a);
    theme.warningSurface = QColor(0xfff4de);
    theme.dangerSurface = QColor(0xfdecec);
    theme.chartGrid = QColor(0xe7ebf0);
    theme.chartAxis = QColor(0xb9c2cd);
    addFonts(theme);
    return theme;
}

Theme Theme::dark()
{
    Theme theme;
    theme.isDark = true;
    theme.background = QColor(0x10141a);
    theme.surface = QColor(0x171c24);
    theme.surfaceRaised = QColor(0x1f2630);
    theme.border = QColor(0x2b3440);
    theme.borderStrong = QColor(0x6b7889);
    theme.text = QColor(0xe6ebf2);
    theme.mutedText = QColor(0x9aa7b8);
    theme.disabledText = QColor(0x5d6979);
    theme.accent = QColor(0x6fa5ff);
    theme.accentText = QColor(0x0b1420);
    theme.focus = QColor(0x6fa5ff);
    theme.selection = QColor(0x24385a);
    theme.selectionText = QColor(0xe6ebf2);
    theme.hover = QColor(0x222a35);
    theme.up = QColor(0x3ccb90);
    theme.suspect = QColor(0xf2b23e);
    theme.down = QColor(0xff6b6e);
    theme.joining = QColor(0x67b1ff);
    theme.unknown = QColor(0x98a4b4);
    theme.warningSurface = QColor(0x33290f);
    theme.dangerSurface = QColor(0x3a1d20);
    theme.chartGrid = QColor(0x262e39);
    theme.chartAxis = QColor(0x465261);
    addFonts(theme);
    return theme;
}

QColor Theme::state(StateMark mark) const
{
    switch (mark) {
    case StateMark::Up:
        return up;
    case StateMark::Suspect:
        return suspect;
    case StateMark::Down:
        return down;
    case StateMark::Joining:
        return joining;
    case StateMark::Unknown:
        break;
    }
    return unknown;
}

QColor Theme::series(int index) const
{
    const auto& colors = isDark ? seriesOnDark : seriesOnLight;
    const int count = int(colors.size());
    const QColor base(colors[std::size_t(index % count)]);
    // Rounds: as they are, towards the text (more contrast), a little towards the surface.
    switch (index / count % 3) {
    case 1:
        return mixed(base, text, 0.38);
    case 2:
        return mixed(base, isDark ? surface : QColor(0x3c1053), 0.3);
    default:
        return base;
    }
}

QColor Theme::node(NodeId id) const
{
    return id == noNode ? unknown : series(int((id - 1) % 1024));
}

QColor Theme::heat(double load) const
{
    if (!std::isfinite(load))
        return surface;
    const double busy = std::clamp(load, 0.0, 1.0);
    // On white the dark end stands out, on near-black the bright one: the scale is turned round.
    const QColor color = viridisAt(isDark ? 0.12 + 0.88 * busy : 0.92 - 0.92 * busy);
    const double presence = std::min(1.0, 2.4 * busy);
    return mixed(mixed(surface, text, 0.06), color, presence);
}

QColor mixed(const QColor& first, const QColor& second, double amount)
{
    const auto part = [amount](float a, float b) { return float(a + (b - a) * amount); };
    return QColor::fromRgbF(part(first.redF(), second.redF()), part(first.greenF(), second.greenF()),
                            part(first.blueF(), second.blueF()), part(first.alphaF(), second.alphaF()));
}

double contrastRatio(const QColor& first, const QColor& second)
{
    const auto linear = [](double value) {
        return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    const auto luminance = [&linear](const QColor& color) {
        return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
    };
    const auto [darker, lighter] = std::minmax({luminance(first), luminance(second)});
    return (lighter + 0.05) / (darker + 0.05);
}

void paintStateMark(QPainter& painter, const QRectF& box, StateMark mark, const Theme& theme)
{
    paintStateMark(painter, box, mark, theme.state(mark));
}

void paintStateMark(QPainter& painter, const QRectF& box, StateMark mark, const QColor& color)
{
    const double edge = std::min(box.width(), box.height());
    const QRectF square(box.center() - QPointF(edge / 2, edge / 2), QSizeF(edge, edge));
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(color);
    switch (mark) {
    case StateMark::Up:
        paintUp(painter, square);
        break;
    case StateMark::Suspect:
        paintSuspect(painter, square);
        break;
    case StateMark::Down:
        paintDown(painter, square);
        break;
    case StateMark::Joining:
        paintJoining(painter, square);
        break;
    case StateMark::Unknown:
        paintUnknown(painter, square);
        break;
    }
    painter.restore();
}

namespace {

template <typename Paint>
QIcon paintedIcon(int edge, Paint paint)
{
    QIcon icon;
    for (const int ratio : {1, 2, 3}) {
        QPixmap pixmap(edge * ratio, edge * ratio);
        pixmap.setDevicePixelRatio(ratio);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        painter.setRenderHint(QPainter::Antialiasing);
        paint(painter);
        icon.addPixmap(pixmap);
    }
    return icon;
}

} // namespace

QIcon stateIcon(StateMark mark, const Theme& theme, int edge)
{
    return paintedIcon(edge, [&](QPainter& painter) { paintStateMark(painter, QRectF(1, 1, edge - 2, edge - 2), mark, theme); });
}

QIcon nodeIcon(NodeId node, const Theme& theme, int edge)
{
    return paintedIcon(edge, [&](QPainter& painter) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.node(node));
        painter.drawRoundedRect(QRectF(0, 0, edge, edge), 3, 3);
    });
}

ThemeManager::ThemeManager(QApplication& application, ThemeChoice choice)
    : m_application(application)
    , m_choice(choice)
{
    const QPalette palette = QApplication::palette();
    m_isSystemDark = palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
    apply();
}

void ThemeManager::setChoice(ThemeChoice choice)
{
    if (m_choice == choice)
        return;
    m_choice = choice;
    apply();
    Q_EMIT changed();
}

void ThemeManager::apply()
{
    const bool isDark = m_choice == ThemeChoice::Dark || (m_choice == ThemeChoice::Automatic && m_isSystemDark);
    m_theme = isDark ? Theme::dark() : Theme::light();
    if (m_application.style()->name() != QLatin1String("fusion"))
        m_application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    m_application.setFont(m_theme.body);
    m_application.setPalette(paletteOf(m_theme));
    m_application.setStyleSheet(styleSheetOf(m_theme));
}

} // namespace quoit
