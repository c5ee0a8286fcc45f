#include "console/desktop/sheet.h"

#include <QLabel>

namespace quoit {

namespace {

constexpr int widthMin = 440;

} // namespace

Sheet::Sheet(const QString& title, const QString& text, QWidget* parent)
    : QDialog(parent)
    , m_text(text)
    , m_body(new QVBoxLayout)
    , m_buttons(new QHBoxLayout)
{
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(title);
    setMinimumWidth(widthMin);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(22, 20, 22, 18);
    column->setSpacing(14);
    auto* heading = new QLabel(title);
    heading->setProperty("kind", QStringLiteral("heading"));
    heading->setWordWrap(true);
    column->addWidget(heading);
    auto* words = new QLabel(text);
    words->setTextFormat(Qt::PlainText);
    words->setWordWrap(true);
    words->setTextInteractionFlags(Qt::TextSelectableByMouse);
    words->setVisible(!text.isEmpty());
    column->addWidget(words);
    m_body->setSpacing(8);
    column->addLayout(m_body);
    column->addLayout(m_buttons);
    m_buttons->addStretch(1);
    m_leave = new QPushButton(tr("Close"));
    m_leave->setDefault(true);
    connect(m_leave, &QPushButton::clicked, this, &QDialog::reject);
    m_buttons->addWidget(m_leave);
}

void Sheet::setLeaveText(const QString& text)
{
    m_isLeaveNamed = true;
    m_leave->setText(text);
}

QPushButton* Sheet::addButton(const QString& text, Button button, std::function<void()> run)
{
    if (!m_isLeaveNamed)
        m_leave->setText(tr("Cancel"));
    auto* made = new QPushButton(text);
    made->setAutoDefault(false);
    if (button == Button::Primary) {
        made->setProperty("kind", QStringLiteral("primary"));
        made->setDefault(true);
    } else if (button == Button::Danger) {
        made->setProperty("kind", QStringLiteral("danger"));
    }
    connect(made, &QPushButton::clicked, this, [this, run = std::move(run)] {
        accept();
        run();
    });
    m_buttons->addWidget(made);
    return made;
}

} // namespace quoit
