#include "console/desktop/time_series_accessible.h"

#include "console/desktop/time_series_view.h"

#include <QAccessible>
#include <QAccessibleWidget>

namespace quoit {

namespace {

class AccessibleChart : public QAccessibleWidget
{
public:
    explicit AccessibleChart(TimeSeriesView* view)
        : QAccessibleWidget(view, QAccessible::Chart)
    {}

    QString text(QAccessible::Text kind) const override
    {
        const auto* view = qobject_cast<const TimeSeriesView*>(object());
        return view && kind == QAccessible::Value ? view->valuesText() : QAccessibleWidget::text(kind);
    }
};

QAccessibleInterface* makeAccessible(const QString& className, QObject* object)
{
    auto* view = className == QLatin1String("quoit::TimeSeriesView") ? qobject_cast<TimeSeriesView*>(object) : nullptr;
    return view ? new AccessibleChart(view) : nullptr;
}

} // namespace

void installChartAccessibility()
{
    QAccessible::installFactory(makeAccessible); // Qt keeps each function once
}

} // namespace quoit
