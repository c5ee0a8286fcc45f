// console/desktop/theme.h - every colour, font and distance that the console paints with, light and dark.
// Painters take a Theme and never name a colour themselves. State is shown as colour + shape + word, never by colour
// alone. Text on a surface has a contrast of at least 4.5 : 1, marks and focus rings 3 : 1 (WCAG 2.2, AA).
#pragma once

#include "shared/admin/node_report.h"

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPalette>
#include <QRectF>
#include <QString>

class QApplication;
class QPainter;

namespace quoit {

enum class ThemeChoice { Automatic, Light, Dark };

/// How the state of a node is marked wherever it is shown.
enum class StateMark { Up, Suspect, Down, Joining, Unknown };
StateMark markOf(NodeState state); ///< a waiting node is joining
QString wordOf(StateMark mark);    ///< "up", "suspect", "down", "joining", "unknown"

/// Distances in device-independent pixels.
namespace spacing {
inline constexpr int tiny = 4;
inline constexpr int small = 8;
inline constexpr int medium = 12;
inline constexpr int large = 16;
inline constexpr int huge = 24;
inline constexpr int radius = 6;     ///< of rounded corners
inline constexpr int rowHeight = 32; ///< of tables and lists
} // namespace spacing

/// The tokens of one theme: a value, cheap to copy.
struct Theme
{
    bool isDark = false;

    QColor background;    ///< behind everything; the sidebar
    QColor surface;       ///< pages, charts, tables
    QColor surfaceRaised; ///< cards, menus, tooltips
    QColor border;        ///< quiet lines between surfaces
    QColor borderStrong;  ///< outlines of inputs and buttons; 3 : 1 on surface
    QColor text;
    QColor mutedText;    ///< labels and units; still 4.5 : 1
    QColor disabledText; ///< exempt from the contrast rule
    QColor accent;       ///< primary buttons, links
    QColor accentText;   ///< on accent
    QColor focus;        ///< focus rings
    QColor selection;    ///< behind selected rows
    QColor selectionText;
    QColor hover; ///< behind the row or button under the mouse

    QColor up;
    QColor suspect;
    QColor down;
    QColor joining;
    QColor unknown;
    QColor warningSurface; ///< behind a notice of something that isn't well
    QColor dangerSurface;  ///< behind a notice of something lost

    QColor chartGrid;
    QColor chartAxis; ///< lines; their labels are mutedText

    QFont body;    ///< the application's font
    QFont small;   ///< secondary lines, axis labels, legends
    QFont strong;  ///< body, semi-bold
    QFont title;   ///< of a card or chart
    QFont heading; ///< of a page
    QFont figure;  ///< the large number of a card
    QFont mono;    ///< keys, values, addresses, logs

    static Theme light();
    static Theme dark();

    /// The colour of a state: for marks, and readable as text on surface.
    QColor state(StateMark mark) const;
    /// Okabe-Ito, adapted to 3 : 1 on this theme's surface; after the seventh come lighter and darker rounds.
    /// @param index ≥ 0
    QColor series(int index) const;
    /// The colour of a node, the same on every page and after every restart.
    QColor node(NodeId id) const;
    /// Viridis, from nearly the surface's own colour (quiet) to the end that stands out most on it (busiest).
    /// @param load 0 … 1, clamped; NaN: the surface
    QColor heat(double load) const;
};

/// @param amount 0: all of first … 1: all of second
QColor mixed(const QColor& first, const QColor& second, double amount);
/// WCAG 2.2 contrast ratio, 1 … 21.
double contrastRatio(const QColor& first, const QColor& second);

/// Paints ● ▲ ✕ ◐ ◌ as vectors into the largest centred square of the box, in the state's colour.
void paintStateMark(QPainter& painter, const QRectF& box, StateMark mark, const Theme& theme);
/// The same in a colour of the caller's choice, as on a selected row.
void paintStateMark(QPainter& painter, const QRectF& box, StateMark mark, const QColor& color);
/// The mark as an icon of [edge × edge] device-independent pixels, sharp at 1x, 2x and 3x; for tables and menus.
QIcon stateIcon(StateMark mark, const Theme& theme, int edge = 16);
/// The node's colour, as lists of nodes show it before the name.
QIcon nodeIcon(NodeId node, const Theme& theme, int edge = 12);

/// Holds the current theme and dresses the application in it. One per program, made after the QApplication and passed
/// on by reference; lives in the GUI thread and must outlive every widget that it was given to.
class ThemeManager : public QObject
{
    Q_OBJECT

public:
    /// Remembers whether the system's palette is dark, then applies the choice. @param application outlives this.
    explicit ThemeManager(QApplication& application, ThemeChoice choice = ThemeChoice::Automatic);

    const Theme& theme() const { return m_theme; }
    ThemeChoice choice() const { return m_choice; }
    /// Fusion style, palette, style sheet and font for the whole application. Emits changed() if anything changes.
    void setChoice(ThemeChoice choice);

Q_SIGNALS:
    /// Painters drop what they have cached; widgets with the default look need not do anything.
    void changed();

private:
    void apply();

    QApplication& m_application;
    bool m_isSystemDark = false;
    ThemeChoice m_choice;
    Theme m_theme;
};

/// For Fusion.
QPalette paletteOf(const Theme& theme);
/// What the palette can't say: rounded corners, padding, quiet tables. Properties that widgets may set:
/// QPushButton `kind` = "primary" | "danger" | "quiet"; QFrame `kind` = "card" | "warning" | "danger";
/// QLabel `kind` = "muted" | "title" | "heading" | "figure" | "mono".
QString styleSheetOf(const Theme& theme);

} // namespace quoit
