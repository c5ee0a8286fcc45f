# The console's own widgets, painters and figures; included by console/desktop/CMakeLists.txt.
set(QUOIT_DESKTOP_WIDGET_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/number_text.cpp ${CMAKE_CURRENT_LIST_DIR}/number_text.h
    ${CMAKE_CURRENT_LIST_DIR}/ring_geometry.cpp ${CMAKE_CURRENT_LIST_DIR}/ring_geometry.h
    ${CMAKE_CURRENT_LIST_DIR}/ring_view.cpp ${CMAKE_CURRENT_LIST_DIR}/ring_view.h
    ${CMAKE_CURRENT_LIST_DIR}/ring_view_accessible.cpp ${CMAKE_CURRENT_LIST_DIR}/ring_view_accessible.h
    ${CMAKE_CURRENT_LIST_DIR}/ring_view_bands.cpp ${CMAKE_CURRENT_LIST_DIR}/ring_view_bands.h
    ${CMAKE_CURRENT_LIST_DIR}/ring_view_legend.cpp ${CMAKE_CURRENT_LIST_DIR}/ring_view_legend.h
    ${CMAKE_CURRENT_LIST_DIR}/ring_view_overlay.cpp ${CMAKE_CURRENT_LIST_DIR}/ring_view_overlay.h
    ${CMAKE_CURRENT_LIST_DIR}/sparkline.cpp ${CMAKE_CURRENT_LIST_DIR}/sparkline.h
    ${CMAKE_CURRENT_LIST_DIR}/theme.cpp ${CMAKE_CURRENT_LIST_DIR}/theme.h
    ${CMAKE_CURRENT_LIST_DIR}/theme_style_sheet.cpp
    ${CMAKE_CURRENT_LIST_DIR}/time_series_view_plot.cpp ${CMAKE_CURRENT_LIST_DIR}/time_series_view_plot.h
    ${CMAKE_CURRENT_LIST_DIR}/time_series_view.cpp ${CMAKE_CURRENT_LIST_DIR}/time_series_view.h)
