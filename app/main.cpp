// The program: hands the command line on. Nothing that goes wrong ends without a sentence.
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "app/cli/cli.h"

int main(int argc, char** argv) {
    const convscope::Output output{std::cout, std::cerr};
    try {
        const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
        return convscope::run_command_line(arguments, output);
    } catch (const std::bad_alloc&) {
        return output.fail("There is not enough memory for this");
    } catch (const std::exception& error) {
        return output.fail(std::string("Something went wrong: ") + error.what());
    }
}
