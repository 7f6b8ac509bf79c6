// The table of panels, in drawing order.
#include "app/panels/panels.h"

namespace convscope {

const std::vector<Panel>& all_panels() {
    static const std::vector<Panel> kPanels{
        {"Menu", draw_menu_bar},
        {"Chain", draw_chain_bar},
        {"Parameters", draw_parameters},
        {"Inspector", draw_inspector},
        {"Tabs", draw_tabs},
        {"Canvas", draw_canvas},
        {"Progress", draw_progress},
        {"Timeline", draw_timeline},
        {"Dividers", draw_dividers},
        {"Rails", draw_rails},
        {"Messages", draw_messages},
        {"Palette", draw_command_palette},
        {"Help", draw_help},
        {"Files", draw_file_dialog},
    };
    return kPanels;
}

}  // namespace convscope
