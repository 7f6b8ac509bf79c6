# cmake -DPROGRAM=<test program> -DOUT=<entries.cmake> -DWORK_DIR=<folder> -P discover.cmake
# Asks the GoogleTest program which suite lies in which source file and writes one add_test line for each file.
set(list "${OUT}.xml")
execute_process(COMMAND "${PROGRAM}" --gtest_list_tests "--gtest_output=xml:${list}"
    OUTPUT_QUIET ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} --gtest_list_tests failed (${result})\n${errors}")
endif()
file(READ "${list}" xml)
# The first test of a suite says the suite's file. Square brackets and semicolons would confuse CMake's lists.
string(REGEX REPLACE "[][;]" "_" xml "${xml}")
string(REGEX MATCHALL "<testsuite name=\"[^\"]+\"[^>]*>[^<]*<testcase [^>]*file=\"[^\"]+\"" suites "${xml}")
set(names)
foreach(suite IN LISTS suites)
    string(REGEX MATCH "<testsuite name=\"([^\"]+)\"" ignored "${suite}")
    set(suite_name "${CMAKE_MATCH_1}")
    string(REGEX MATCH "file=\"([^\"]+)\"" ignored "${suite}")
    get_filename_component(name "${CMAKE_MATCH_1}" NAME_WE)
    string(REGEX REPLACE "_test$" "" name "${name}")
    list(APPEND names "${name}")
    string(APPEND filter_${name} "${suite_name}.*:")
endforeach()
list(REMOVE_DUPLICATES names)
list(SORT names)
file(MAKE_DIRECTORY "${WORK_DIR}")
set(text)
foreach(name IN LISTS names)
    string(APPEND text
        "add_test(\"unit/${name}\" [==[${PROGRAM}]==] \"--gtest_filter=${filter_${name}}\" --gtest_brief=1)\n"
        "set_tests_properties(\"unit/${name}\" PROPERTIES TIMEOUT 300 WORKING_DIRECTORY [==[${WORK_DIR}]==])\n")
endforeach()
file(WRITE "${OUT}" "${text}")
