/* The delegate of the tests on Windows: says what it was started with, and does what variables ask of it. */
#include <windows.h>
#include <wchar.h>

static void say(const wchar_t *name, const wchar_t *text) {
    wchar_t line[32768];
    char bytes[65536];
    DWORD written;
    swprintf(line, 32768, L"%ls=%ls\n", name, text);
    int size = WideCharToMultiByte(CP_UTF8, 0, line, -1, bytes, sizeof bytes, NULL, NULL);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, size - 1, &written, NULL);
}

static int find(const wchar_t *name, wchar_t *value) {
    DWORD size = GetEnvironmentVariableW(name, value, 32768);
    return size > 0 && size < 32768;
}

static int exists(const wchar_t *path) {
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

static void touch(const wchar_t *path) {
    CloseHandle(CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL));
}

static BOOL WINAPI end_politely(DWORD event) {
    static wchar_t value[32768];
    ExitProcess(find(L"TOOL_INTERRUPTED", value) ? wcstoul(value, NULL, 10) : event);
}

int wmain(int count, wchar_t **words) {
    static wchar_t value[32768];
    for (int index = 1; index < count; index++)
        say(L"argument", words[index]);
    const wchar_t *names[] = {L"CONDA_PREFIX", L"CONDA_EXE", L"PATH", L"HOOKED"};
    for (int index = 0; index < 4; index++)
        if (find(names[index], value))
            say(names[index], value);
    if (find(L"TOOL_OPENS", value))
        CreateFileW(value, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (find(L"TOOL_INTERRUPTED", value))
        SetConsoleCtrlHandler(end_politely, TRUE);
    if (find(L"TOOL_STARTED", value))
        touch(value);
    if (find(L"TOOL_WAITS_FOR", value))
        while (!exists(value))
            Sleep(10);
    if (find(L"TOOL_DONE", value))
        touch(value);
    return find(L"TOOL_STATUS", value) ? (int)wcstoul(value, NULL, 10) : 0;
}
