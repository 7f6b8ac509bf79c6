// The program: reads the command line and starts what it asks for.
#include <cstdio>
#include <string_view>

#include "app/cli/version.h"

int main(int argc, char** argv) {
    const bool wants_version = argc > 1 && std::string_view(argv[1]) == "--version";
    std::fputs(wants_version ? convscope::version_text().c_str() : "convscope --version\n", stdout);
    return 0;
}
