// The part of theme.h that speaks Qt's own languages: the palette for Fusion, and a style sheet for what a palette
// can't say. Fusion paints combo boxes and spin boxes with a gradient that is none of ours; a style sheet takes their
// arrows away, so it brings arrows of its own.
#include "console/desktop/theme.h"

#include <utility>
#include <vector>

namespace quoit {

namespace {

// Tokens stand in @braces@; replaced below.
const char* const styleTemplate = R"(
QToolTip { background: @raised@; color: @text@; border: 1px solid @border@; padding: 6px 8px; }

QPushButton { background: @raised@; color: @text@; border: 1px solid @outline@; border-radius: 6px;
              padding: 5px 14px; min-height: 18px; }
QPushButton:hover { background: @hover@; border-color: @strong@; }
QPushButton:pressed { background: @border@; }
QPushButton:checked { background: @selection@; border-color: @accent@; }
QPushButton:focus { border: 2px solid @focus@; padding: 4px 13px; }
QPushButton:disabled { color: @disabled@; border-color: @border@; background: transparent; }
QPushButton[kind="primary"] { background: @accent@; color: @accentText@; border-color: @accent@; }
QPushButton[kind="primary"]:hover { background: @accentHover@; border-color: @accentHover@; }
QPushButton[kind="primary"]:focus { border-color: @text@; }
QPushButton[kind="primary"]:disabled { background: @border@; border-color: @border@; color: @disabled@; }
QPushButton[kind="danger"] { color: @down@; border-color: @down@; }
QPushButton[kind="danger"]:hover { background: @dangerSurface@; }
QPushButton[kind="danger"]:disabled { color: @disabled@; border-color: @border@; }
QPushButton[kind="quiet"] { background: transparent; border-color: transparent; }
QPushButton[kind="quiet"]:hover { background: @hover@; }
QPushButton[kind="quiet"]:checked { background: @selection@; color: @selectionText@; }
QPushButton[kind="quiet"]:focus { border-color: @focus@; }

QToolButton { background: transparent; color: @text@; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton:hover { background: @hover@; }
QToolButton:pressed, QToolButton:checked { background: @selection@; }
QToolButton:focus { border-color: @focus@; }

QLineEdit, QPlainTextEdit, QTextEdit { background: @field@; color: @text@; border: 1px solid @outline@;
              border-radius: 6px; padding: 4px 8px; selection-background-color: @accent@;
              selection-color: @accentText@; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid @focus@; padding: 3px 7px; }
QLineEdit:disabled, QPlainTextEdit:disabled { color: @disabled@; background: @background@; border-color: @border@; }
QLineEdit[readOnly="true"], QPlainTextEdit[readOnly="true"] { background: @background@; border-color: @border@; }
QLineEdit[readOnly="true"]:focus, QPlainTextEdit[readOnly="true"]:focus { border-color: @focus@; }

QComboBox, QAbstractSpinBox { background: @field@; color: @text@; border: 1px solid @outline@; border-radius: 6px;
              padding: 4px 8px; min-height: 18px; selection-background-color: @accent@; selection-color: @accentText@; }
QComboBox:hover, QAbstractSpinBox:hover { border-color: @strong@; }
QComboBox:focus, QAbstractSpinBox:focus { border: 2px solid @focus@; padding: 3px 7px; }
QComboBox:disabled, QAbstractSpinBox:disabled { color: @disabled@; background: @background@; border-color: @border@; }
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: url(:/icons/down-@arrow@.svg); width: 14px; height: 14px; }
QComboBox::down-arrow:disabled { image: none; }
QComboBox QAbstractItemView { background: @raised@; border: 1px solid @border@; border-radius: 0; padding: 4px; }
QAbstractSpinBox { padding-right: 22px; }
QAbstractSpinBox QLineEdit { background: transparent; border: 0; border-radius: 0; padding: 0; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { background: transparent; border: 0; width: 20px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: @hover@; }
QAbstractSpinBox::up-arrow { image: url(:/icons/up-@arrow@.svg); width: 12px; height: 12px; }
QAbstractSpinBox::down-arrow { image: url(:/icons/down-@arrow@.svg); width: 12px; height: 12px; }
QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::down-arrow:disabled { image: none; }

QTableView, QTreeView, QListView { background: @surface@; alternate-background-color: @stripe@; color: @text@;
              border: 1px solid @border@; border-radius: 6px; gridline-color: @border@; outline: 0;
              selection-background-color: @selection@; selection-color: @selectionText@; }
QTableView:focus, QTreeView:focus, QListView:focus { border-color: @focus@; }
QTableView::item, QTreeView::item, QListView::item { padding: 3px 6px; border: 0; }
QTableView::item:hover, QTreeView::item:hover, QListView::item:hover { background: @hover@; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected { background: @selection@;
              color: @selectionText@; }
QPushButton[menu="true"] { padding-right: 28px; }
QPushButton::menu-indicator { image: url(:/icons/down-@arrow@.svg); width: 12px; height: 12px;
              subcontrol-origin: padding; subcontrol-position: right center; right: 9px; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid @outline@; border-radius: 3px; background: @field@; }
QCheckBox::indicator:hover { border-color: @text@; }
QCheckBox::indicator:focus { border-color: @focus@; }
QCheckBox::indicator:checked { background: @accent@; border-color: @accent@; image: url(:/icons/@check@.svg); }
QCheckBox::indicator:checked:focus { border-color: @text@; }
QCheckBox::indicator:disabled { border-color: @border@; }
QListView::indicator { width: 14px; height: 14px; border: 1px solid @outline@; border-radius: 3px; background: @field@; }
QListView::indicator:checked { background: @accent@; border-color: @accent@; image: url(:/icons/@check@.svg); }
QHeaderView { background: @surface@; border: 0; }
QHeaderView::section { background: @surface@; color: @muted@; border: 0; border-bottom: 1px solid @border@;
              padding: 6px 9px; }
QHeaderView::section:hover { color: @text@; }
QTableCornerButton::section { background: @surface@; border: 0; border-bottom: 1px solid @border@; }

QAbstractScrollArea::corner { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @scroll@; border-radius: 4px; margin: 2px; }
QScrollBar::handle:hover { background: @strong@; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenu { background: @raised@; color: @text@; border: 1px solid @border@; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: @selection@; color: @selectionText@; }
QMenu::item:disabled { color: @disabled@; }
QMenu::separator { height: 1px; background: @border@; margin: 4px 8px; }

QTabWidget::pane { border: 1px solid @border@; border-radius: 6px; top: -1px; }
QTabBar::tab { background: transparent; color: @muted@; padding: 7px 14px; border: 0;
              border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: @text@; }
QTabBar::tab:selected { color: @text@; border-bottom-color: @accent@; }
QTabBar::tab:focus { color: @accent@; }

QProgressBar { background: @border@; border: 0; border-radius: 4px; max-height: 8px; text-align: center; }
QProgressBar::chunk { background: @accent@; border-radius: 4px; }

QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: @border@; }
QStatusBar { background: @background@; border-top: 1px solid @border@; }
QStatusBar::item { border: 0; }

QFrame[kind="card"] { background: @surface@; border: 1px solid @border@; border-radius: 8px; }
QFrame[kind="notice"] { background: @selection@; border: 1px solid @accent@; border-radius: 8px; }
QFrame[kind="warning"] { background: @warningSurface@; border: 1px solid @suspect@; border-radius: 8px; }
QFrame[kind="danger"] { background: @dangerSurface@; border: 1px solid @down@; border-radius: 8px; }

QLabel[kind="muted"] { color: @muted@; }
QLabel[kind="title"] { font-size: @titlePt@pt; font-weight: @heavy@; }
QLabel[kind="heading"] { font-size: @headingPt@pt; font-weight: @heavy@; }
QLabel[kind="figure"] { font-size: @figurePt@pt; }
QLabel[kind="mono"] { font-family: "@mono@"; font-size: @monoPt@pt; }
)";

} // namespace

QPalette paletteOf(const Theme& theme)
{
    QPalette palette;
    palette.setColor(QPalette::Window, theme.background);
    palette.setColor(QPalette::WindowText, theme.text);
    palette.setColor(QPalette::Base, theme.surface);
    palette.setColor(QPalette::AlternateBase, mixed(theme.surface, theme.background, 0.6));
    palette.setColor(QPalette::Text, theme.text);
    palette.setColor(QPalette::PlaceholderText, theme.mutedText);
    palette.setColor(QPalette::Button, theme.surfaceRaised);
    palette.setColor(QPalette::ButtonText, theme.text);
    palette.setColor(QPalette::BrightText, theme.down);
    palette.setColor(QPalette::ToolTipBase, theme.surfaceRaised);
    palette.setColor(QPalette::ToolTipText, theme.text);
    palette.setColor(QPalette::Highlight, theme.accent);
    palette.setColor(QPalette::HighlightedText, theme.accentText);
    palette.setColor(QPalette::Link, theme.accent);
    palette.setColor(QPalette::LinkVisited, theme.accent);
    palette.setColor(QPalette::Light, mixed(theme.surfaceRaised, theme.text, 0.05));
    palette.setColor(QPalette::Midlight, theme.border);
    palette.setColor(QPalette::Mid, theme.border);
    palette.setColor(QPalette::Dark, theme.borderStrong);
    palette.setColor(QPalette::Shadow, theme.isDark ? QColor(0x05070a) : theme.borderStrong);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, theme.disabledText);
    palette.setColor(QPalette::Disabled, QPalette::Highlight, theme.border);
    palette.setColor(QPalette::Disabled, QPalette::HighlightedText, theme.disabledText);
    return palette;
}

QString styleSheetOf(const Theme& theme)
{
    const auto points = [](const QFont& font) { return QString::number(font.pointSizeF(), 'f', 2); };
    const std::vector<std::pair<const char*, QString>> tokens = {
        {"background", theme.background.name()},
        {"surface", theme.surface.name()},
        {"raised", theme.surfaceRaised.name()},
        {"field", theme.surface.name()},
        {"stripe", mixed(theme.surface, theme.background, 0.6).name()},
        {"border", theme.border.name()},
        {"outline", theme.borderStrong.name()},
        {"strong", theme.borderStrong.name()},
        {"scroll", mixed(theme.border, theme.borderStrong, 0.4).name()},
        {"text", theme.text.name()},
        {"muted", theme.mutedText.name()},
        {"disabled", theme.disabledText.name()},
        {"accent", theme.accent.name()},
        {"accentHover", mixed(theme.accent, theme.text, 0.15).name()},
        {"accentText", theme.accentText.name()},
        {"focus", theme.focus.name()},
        {"selection", theme.selection.name()},
        {"selectionText", theme.selectionText.name()},
        {"hover", theme.hover.name()},
        {"suspect", theme.suspect.name()},
        {"down", theme.down.name()},
        {"warningSurface", theme.warningSurface.name()},
        {"dangerSurface", theme.dangerSurface.name()},
        {"titlePt", points(theme.title)},
        {"headingPt", points(theme.heading)},
        {"figurePt", points(theme.figure)},
        {"monoPt", points(theme.mono)},
        {"mono", theme.mono.family()},
        {"arrow", QString::fromLatin1(theme.isDark ? "light" : "dark")},
        {"check", QString::fromLatin1(contrastRatio(theme.accent, Qt::white) > 4.5 ? "check-light" : "check-dark")},
        {"heavy", QString::number(int(theme.title.weight()))},
    };
    QString sheet = QString::fromLatin1(styleTemplate);
    for (const auto& [name, value] : tokens)
        sheet.replace(QLatin1Char('@') + QLatin1String(name) + QLatin1Char('@'), value);
    return sheet;
}

} // namespace quoit
