/* Runs a program as on a console that obeys no escape sequences: there, SetConsoleMode refuses the mode for them. */
#include <windows.h>
#include <string.h>
#include <wchar.h>

enum { NOT_STARTED = 120, NOT_PATCHED = 121 };

static const unsigned char REFUSE[] = {0x31, 0xC0, 0xC3}; /* xor eax, eax; ret */

static int patch(HANDLE process) {
    void *here = (void *)GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "SetConsoleMode");
    unsigned char there[8];
    SIZE_T size;
    return here && ReadProcessMemory(process, here, there, sizeof there, &size) && !memcmp(here, there, sizeof there)
        && WriteProcessMemory(process, here, REFUSE, sizeof REFUSE, &size);
}

static wchar_t *skip_own_name(wchar_t *line) {
    int quoted = 0;
    for (; *line && (quoted || *line != L' '); line++)
        quoted ^= *line == L'"';
    return line + wcsspn(line, L" ");
}

int main(void) {
    STARTUPINFOW startup = {sizeof startup};
    PROCESS_INFORMATION child;
    DEBUG_EVENT event;
    int is_patched = 0;
    wchar_t *line = skip_own_name(GetCommandLineW());
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, DEBUG_ONLY_THIS_PROCESS, NULL, NULL, &startup, &child))
        return NOT_STARTED;
    while (WaitForDebugEvent(&event, INFINITE)) {
        DWORD answer = DBG_CONTINUE;
        if (event.dwDebugEventCode == EXIT_PROCESS_DEBUG_EVENT)
            return event.u.ExitProcess.dwExitCode;
        if (event.dwDebugEventCode == EXCEPTION_DEBUG_EVENT) {
            /* The first breakpoint is the system's own: all libraries are loaded, and nothing has run. */
            if (is_patched)
                answer = DBG_EXCEPTION_NOT_HANDLED;
            else if (!(is_patched = patch(child.hProcess)))
                TerminateProcess(child.hProcess, NOT_PATCHED);
        }
        ContinueDebugEvent(event.dwProcessId, event.dwThreadId, answer);
    }
    return NOT_STARTED;
}
