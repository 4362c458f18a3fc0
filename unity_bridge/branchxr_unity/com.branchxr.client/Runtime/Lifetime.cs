namespace BranchXR
{
    /// <summary>What a stage is doing.</summary>
    public enum BranchState
    {
        /// <summary>Nothing runs.</summary>
        Off,

        /// <summary>Python is being started, or reached again.</summary>
        Starting,

        /// <summary>The script's world is shown.</summary>
        Running,

        /// <summary>The game's code is about to be exchanged: nothing crosses, nothing is lost.</summary>
        Fenced,

        /// <summary>Goodbye is being said.</summary>
        Stopping,
    }

    /// <summary>The states of a stage and the ways between them; any other way is a fault of ours.</summary>
    internal sealed class Lifetime
    {
        internal BranchState State { get; private set; }

        internal bool IsOn { get { return State == BranchState.Starting || State == BranchState.Running; } }

        /// <exception cref="BranchError"><c>lifetime_refused</c>.</exception>
        internal void Go(BranchState next)
        {
            if (!Allows(State, next))
            {
                throw new BranchError(
                    "lifetime_refused", "expected a way from " + State + ", got one to " + next, "Lifetime",
                    "start a stage once, and stop it once");
            }
            State = next;
        }

        internal static bool Allows(BranchState from, BranchState to)
        {
            switch (to)
            {
                case BranchState.Starting:
                    return from == BranchState.Off || from == BranchState.Running || from == BranchState.Fenced;
                case BranchState.Running: return from == BranchState.Starting;
                case BranchState.Fenced: return from == BranchState.Starting || from == BranchState.Running;
                case BranchState.Stopping: return from != BranchState.Off && from != BranchState.Stopping;
                default: return from == BranchState.Stopping || from == BranchState.Starting;
            }
        }
    }
}
