using System.Threading;

namespace UnityEngine.Stub
{
    // The engine's objects belong to one thread; Unity refuses calls from others.
    internal static class MainThread
    {
        private static int id = Thread.CurrentThread.ManagedThreadId;

        internal static bool IsCurrent { get { return Thread.CurrentThread.ManagedThreadId == id; } }

        internal static void Adopt() { id = Thread.CurrentThread.ManagedThreadId; }

        internal static void Require(string member)
        {
            if (!IsCurrent) throw new UnityException(member + " can only be called from the main thread.");
        }
    }
}
