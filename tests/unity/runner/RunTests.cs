using System;
using NUnit.Core;
using NUnit.Core.Filters;

// Runs the NUnit tests of one assembly on this thread and prints a line for each.
// usage: mono RunTests.exe ASSEMBLY
internal static class RunTests
{
    private sealed class Printer : EventListener
    {
        internal int Failed;
        internal int Passed;

        public void TestFinished(TestResult result)
        {
            bool isGood = result.ResultState == ResultState.Success;
            if (isGood) Passed++;
            else Failed++;
            System.Console.WriteLine((isGood ? "ok " : "FAILED ") + result.FullName);
            if (!isGood) System.Console.WriteLine(result.ResultState + ": " + result.Message + "\n" + result.StackTrace);
        }

        public void SuiteFinished(TestResult result)
        {
            // A failing set-up of a whole fixture is nobody's test.
            if (result.FailureSite != FailureSite.SetUp && result.FailureSite != FailureSite.TearDown) return;
            Failed++;
            System.Console.WriteLine("FAILED " + result.FullName + "\n" + result.Message + "\n" + result.StackTrace);
        }

        public void UnhandledException(Exception exception)
        {
            Failed++;
            System.Console.WriteLine("FAILED outside any test\n" + exception);
        }

        public void TestOutput(TestOutput output) { System.Console.Write(output.Text); }

        public void RunStarted(string name, int testCount) { }

        public void RunFinished(TestResult result) { }

        public void RunFinished(Exception exception) { UnhandledException(exception); }

        public void TestStarted(TestName testName) { }

        public void SuiteStarted(TestName testName) { }
    }

    private static int Main(string[] arguments)
    {
        CoreExtensions.Host.InitializeService();
        var runner = new SimpleTestRunner();
        if (!runner.Load(new TestPackage(arguments[0]))) return 2;
        var printer = new Printer();
        runner.Run(printer, TestFilter.Empty, false, LoggingThreshold.Off);
        System.Console.WriteLine(printer.Passed + " passed, " + printer.Failed + " failed");
        return printer.Failed == 0 && printer.Passed > 0 ? 0 : 1;
    }
}
